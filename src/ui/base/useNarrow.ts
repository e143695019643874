/** How large the page is, at the sizes where the style sheets change its layout. */
import { useSyncExternalStore } from 'react';

function hookOf(query: string): () => boolean {
  const list = window.matchMedia(query);
  const subscribe = (onChange: () => void) => {
    list.addEventListener('change', onChange);
    return () => list.removeEventListener('change', onChange);
  };
  return () => useSyncExternalStore(subscribe, () => list.matches);
}

/** The panel stands below the picture, not beside it. */
export const useNarrow = hookOf('(max-width: 900px)');
/** The width of a phone. */
export const usePhone = hookOf('(max-width: 560px)');
/** A phone that stands or lies: what can be done with a version takes the place of the mask's menus. */
export const useTight = hookOf('(max-width: 560px), (min-width: 600px) and (max-height: 500px)');
