/** Whether the page has been there for a moment: what it opens with takes about as long to come. */
import { useEffect, useState } from 'react';

const MOMENT_MS = 1200;

/** @returns false for the first moment, in which nothing is said of a picture that is only just coming */
export function useArrived(): boolean {
  const [arrived, setArrived] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setArrived(true), MOMENT_MS);
    return () => clearTimeout(timer);
  }, []);
  return arrived;
}
