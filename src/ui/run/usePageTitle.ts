/** How far a run is, in the tab's title: for whoever looks at something else meanwhile. */
import { useEffect } from 'react';
import type { Session } from '../../state/session/session';

export function usePageTitle({ job }: Session): void {
  useEffect(() => {
    const plain = document.title;
    const show = () => {
      const { progress } = job.getState();
      const percent = progress?.fraction == null ? '…' : `${Math.round(progress.fraction * 100)} %`;
      document.title = progress === null ? plain : `${percent} · ${plain}`;
    };
    const unsubscribe = job.subscribe(show);
    return () => {
      unsubscribe();
      document.title = plain;
    };
  }, [job]);
}
