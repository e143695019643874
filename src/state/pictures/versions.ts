/** The picture's versions: the original and every result, each an encoded file that the strip shows. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Point, Size } from '../../image/geometry';

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
  /** The first result of the run that it came from: variations of one press share it. Null where it was no run. */
  batch: number | null;
  /** Where its upper left corner lies in the original's coordinates: left of and above 0 once the canvas was drawn out. */
  origin: Point;
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
  /** What is shown over the canvas or beside it; null while nothing is. */
  shownId: number | null;
  /** Whether a run's picture forms on the canvas: what is shown over it steps back meanwhile. */
  forming: boolean;
  /** Where that is shown. */
  placement: 'canvas' | 'beside';
}

/** Which version is painted on, and which is looked at. */
export type Shown = Pick<Versions, 'baseId' | 'shownId'>;

export function createVersions(): StoreApi<Versions> {
  return createStore<Versions>(() => ({ ...noVersions, placement: 'canvas' }));
}

/** Where no picture is open. */
export const noVersions = { items: [], baseId: 0, shownId: null, forming: false } satisfies Partial<Versions>;

/** What a person sees of them: the same for the canvas, for what is saved and for what is copied. */
export function shownVersion(versions: Versions): Version | undefined {
  const { shownId, forming } = versions;
  return forming ? undefined : findVersion(versions, shownId);
}

export function findVersion({ items }: Versions, id: number | null): Version | undefined {
  return items.find((version) => version.id === id);
}

/** `2 · a red fox` */
export function versionLabel(version: Version): string {
  if (version.parentId === null) return 'original';
  if (version.batch === null) return `${version.id} · ${version.width} × ${version.height}`;
  const prompt = version.prompt.trim();
  return prompt === '' ? String(version.id) : `${version.id} · ${prompt}`;
}

/** The results that came of one press with this one, itself among them; none where it was no run. */
export function variationsOf({ items }: Pick<Versions, 'items'>, version: Version): readonly Version[] {
  return version.batch === null ? [] : items.filter(({ batch }) => batch === version.batch);
}

/** How long one press took, from it to the last of its pictures; null where it was no run. */
export function runSeconds({ items }: Pick<Versions, 'items'>, version: Version): number | null {
  if (version.seconds === null) return null;
  return variationsOf({ items }, version).reduce((sum, { seconds }) => sum + (seconds ?? 0), 0);
}

/** The ends of files' names. */
const endings = { 'image/png': 'png', 'image/jpeg': 'jpg', 'image/webp': 'webp' } as const;
export type FileType = keyof typeof endings;

/** `harbour-inlay-2.png` for the second version of `harbour.jpg`, `harbour.png` for itself */
export function downloadName(
  pictureName: string,
  version: Pick<Version, 'id' | 'parentId'>,
  type: FileType = 'image/png',
): string {
  const stem = pictureName.replace(/\.[a-z0-9]+$/i, '').replaceAll(/[\\/:*?"<>|]+/g, '-') || 'picture';
  return `${stem}${version.parentId === null ? '' : `-inlay-${version.id}`}.${endings[type]}`;
}

/** What lies on the canvas: the version that is looked at, or what is painted on; undefined while nothing is open. */
export function versionInSight(versions: Versions): Version | undefined {
  return shownVersion(versions) ?? findVersion(versions, versions.baseId);
}
