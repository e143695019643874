/** The size of the page, in the steps at which the style sheets change the layout. */
import { useSyncExternalStore } from 'react';

function hookOf(query: string): () => boolean {
  const list = window.matchMedia(query);
  const subscribe = (onChange: () => void) => {
    list.addEventListener('change', onChange);
    return () => list.removeEventListener('change', onChange);
  };
  return () => useSyncExternalStore(subscribe, () => list.matches);
}

/** The panel is below the image, not beside it. */
export const useNarrow = hookOf('(max-width: 900px)');
/** The width of a phone. */
export const usePhone = hookOf('(max-width: 560px)');
/** Too narrow for another button in the stage's bar; the tools scroll there. */
export const useTiny = hookOf('(max-width: 355px)');
/** A phone, upright or in landscape: the actions of a version replace the mask menus. */
export const useTight = hookOf('(max-width: 560px), (min-width: 600px) and (max-height: 500px)');
