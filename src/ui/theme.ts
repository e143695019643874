/** Dark or light: the system's choice until a person makes one, which this browser then keeps. */
import { useEffect, useState } from 'react';

export type Theme = 'dark' | 'light';
const KEY = 'inlay.theme';

export function useTheme(): [Theme, () => void] {
  const [theme, setTheme] = useState<Theme>(initialTheme);
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  const toggle = () => {
    const next = theme === 'dark' ? 'light' : 'dark';
    setTheme(next);
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // Storage may be forbidden; the choice then lasts as long as the page.
    }
  };
  return [theme, toggle];
}

function initialTheme(): Theme {
  try {
    const kept = localStorage.getItem(KEY);
    if (kept === 'dark' || kept === 'light') return kept;
  } catch {
    // As above.
  }
  return window.matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark';
}
