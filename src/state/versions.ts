/** The picture's versions: the original and every result, each an encoded file that the strip shows. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Size } from '../editor/kernels/geometry';

export interface Version extends Size {
  /** 0 is the original; results count from 1. */
  id: number;
  /** The version that it was painted on; null for the original. */
  parentId: number | null;
  prompt: string;
  seed: number | null;
  modelName: string | null;
  /** How long the run took, where it was a run. */
  seconds: number | null;
  /** Object URLs, revoked when the next picture is opened. */
  url: string;
  thumbnailUrl: string;
  /** The encoded picture; results are PNG. */
  file: Blob;
}

export interface Versions {
  items: readonly Version[];
  /** What the canvas shows and the next run paints on. */
  baseId: number;
  /** What the pane beside it shows; null while that is closed. */
  shownId: number | null;
}

export function createVersions(): StoreApi<Versions> {
  return createStore<Versions>(() => ({ items: [], baseId: 0, shownId: null }));
}

export function findVersion({ items }: Versions, id: number | null): Version | undefined {
  return items.find((version) => version.id === id);
}

/** `2 · a red fox` */
export function versionLabel(version: Version): string {
  if (version.parentId === null) return 'original';
  const prompt = version.prompt.trim();
  return prompt === '' ? String(version.id) : `${version.id} · ${prompt}`;
}

/** `harbour-inlay-2.png` for the second version of `harbour.jpg` */
export function downloadName(pictureName: string, version: Version): string {
  const stem = pictureName.replace(/\.[a-z0-9]+$/i, '').replaceAll(/[\\/:*?"<>|]+/g, '-') || 'picture';
  return `${stem}-inlay-${version.id}.png`;
}
