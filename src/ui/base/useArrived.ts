/** Whether the page has been open for a moment: loading its first image takes about as long. */
import { useEffect, useState } from 'react';

const MOMENT_MS = 1200;

/** @returns false at first, while the image that the page opens with may still be loading */
export function useArrived(): boolean {
  const [arrived, setArrived] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setArrived(true), MOMENT_MS);
    return () => clearTimeout(timer);
  }, []);
  return arrived;
}
