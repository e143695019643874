/** Dark or light: the system's choice until a person makes one, which this browser then keeps. */
import { useEffect, useState } from 'react';
import { recall, remember } from './memory';

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
    remember(KEY, next);
  };
  return [theme, toggle];
}

function initialTheme(): Theme {
  const kept = recall(KEY);
  if (kept === 'dark' || kept === 'light') return kept;
  return window.matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark';
}
