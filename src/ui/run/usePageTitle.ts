/** Shows a run's progress in the tab's title, for users who look at another tab meanwhile. */
import { useEffect } from 'react';
import type { Session } from '../../state/session/session';

export function usePageTitle({ run }: Session): void {
  useEffect(() => {
    const plain = document.title;
    const show = () => {
      const { progress } = run.getState();
      const percent = progress?.fraction == null ? '…' : `${Math.round(progress.fraction * 100)} %`;
      document.title = progress === null ? plain : `${percent} · ${plain}`;
    };
    const unsubscribe = run.subscribe(show);
    return () => {
      unsubscribe();
      document.title = plain;
    };
  }, [run]);
}
