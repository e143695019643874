/** Dark or light: the system's choice until the user makes one, which this browser then remembers. */
import { useEffect, useState } from 'react';
import { readPreference, writePreference } from './preferences';

export type Theme = 'dark' | 'light';
const KEY = 'inlay.theme';
const LIGHT = '(prefers-color-scheme: light)';

export function useTheme(): [Theme, () => void] {
  const [theme, setTheme] = useState<Theme>(initialTheme);
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  useEffect(() => {
    const list = window.matchMedia(LIGHT);
    // The user's choice stays.
    const follow = () => chosenTheme() ?? setTheme(systemTheme());
    list.addEventListener('change', follow);
    return () => list.removeEventListener('change', follow);
  }, []);
  const toggle = () => {
    const next = theme === 'dark' ? 'light' : 'dark';
    setTheme(next);
    writePreference(KEY, next);
  };
  return [theme, toggle];
}

function initialTheme(): Theme {
  return chosenTheme() ?? systemTheme();
}

function chosenTheme(): Theme | null {
  const kept = readPreference(KEY);
  return kept === 'dark' || kept === 'light' ? kept : null;
}

function systemTheme(): Theme {
  return window.matchMedia(LIGHT).matches ? 'light' : 'dark';
}
