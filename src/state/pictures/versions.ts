/**
 * The versions of an image: the original and every result, each an encoded file that the strip shows. One store, written
 * only here.
 */
import { createStore } from 'zustand/vanilla';
import { FILL } from '../../contract/schema';
import type { Pasted } from '../../editor/store';
import type { Point, Size } from '../../image/geometry';
import type { ReadonlyStore } from '../settings/settingsStore';

export interface Version extends Size {
  /** 0 is the original; results count from 1. */
  id: number;
  /** The version that it was made from; null for the original. */
  parentId: number | null;
  prompt: string;
  seed: number | null;
  modelName: string | null;
  /** How long the run took; null if it does not come from a run. */
  seconds: number | null;
  /** The first result of the same press of Generate: its variations share it. Null if it does not come from a run. */
  batch: number | null;
  /** Its upper left corner in the original's coordinates: negative if the canvas was extended to the left or top. */
  origin: Point;
  /** Object URLs, revoked once nothing leads back to the image. */
  url: string;
  thumbnailUrl: string;
  /** The encoded image; results are PNG. */
  file: Blob;
}

/** A version's metadata; its object URLs are created by {@link toVersion}. */
export type VersionFacts = Omit<
  Version,
  'id' | 'width' | 'height' | 'file' | 'url' | 'thumbnailUrl' | 'origin'
>;

export interface Versions {
  items: readonly Version[];
  /** The version on the canvas, which the next run starts from. */
  baseId: number;
  /** The version that is shown over the canvas or beside it; null if none is. */
  shownId: number | null;
  /** Whether a run's preview is on the canvas: nothing is shown over it meanwhile. */
  forming: boolean;
  /** Where `shownId` is shown. */
  placement: 'canvas' | 'beside';
}

/** Which version is on the canvas, and which is shown over it or beside it. */
export type Shown = Pick<Versions, 'baseId' | 'shownId'>;

/** The store and all that changes it. */
export interface VersionStore {
  readonly store: ReadonlyStore<Versions>;
  /** Shows the versions of another image. */
  replace(items: readonly Version[], shown: Shown): void;
  show(shown: Shown): void;
  append(version: Version): void;
  /** Says whether a run's preview is on the canvas. */
  setForming(forming: boolean): void;
  place(placement: Versions['placement']): void;
}

export function createVersions(): VersionStore {
  const store = createStore<Versions>(() => ({ ...noVersions, placement: 'canvas' }));
  const { setState } = store;
  return {
    store,
    replace: (items, { baseId, shownId }) => setState({ items, baseId, shownId, forming: false }),
    show: ({ baseId, shownId }) => setState({ baseId, shownId }),
    append: (version) => setState(({ items }) => ({ items: [...items, version] })),
    setForming: (forming) => setState({ forming }),
    place: (placement) => setState({ placement }),
  };
}

/** While no image is open. */
export const noVersions = { items: [], baseId: 0, shownId: null, forming: false } satisfies Partial<Versions>;

/** The version that is shown: the same for the canvas, for saving and for copying. */
export function shownVersion(versions: Versions): Version | undefined {
  const { shownId, forming } = versions;
  return forming ? undefined : findVersion(versions, shownId);
}

export function findVersion({ items }: Versions, id: number | null): Version | undefined {
  return items.find((version) => version.id === id);
}

/**
 * The result that waits to be accepted: shown with the version that it was made from on the canvas. During a run it is the
 * one that was shown before.
 */
export function pendingResult(versions: Versions): Version | undefined {
  const version = findVersion(versions, versions.shownId);
  return version && version.batch !== null && version.parentId === versions.baseId ? version : undefined;
}

/** Whether the image on the canvas is an extension that nothing was made on yet. */
export function isExtended({ items, baseId }: Pick<Versions, 'items' | 'baseId'>): boolean {
  const base = items.find(({ id }) => id === baseId);
  return base !== undefined && base.parentId !== null && base.batch === null;
}

/** All results that were made from the same version as this one, the oldest first. */
export function alternativesOf(
  { items }: Pick<Versions, 'items'>,
  { parentId }: Version,
): readonly Version[] {
  return items.filter((version) => version.batch !== null && version.parentId === parentId);
}

/** `2 · a red fox`, `3 · removed` */
export function versionLabel(version: Version): string {
  if (version.parentId === null) return 'original';
  if (version.batch === null) return `${version.id} · ${version.width} × ${version.height}`;
  const prompt = version.modelName === FILL ? 'removed' : version.prompt.trim();
  return prompt === '' ? String(version.id) : `${version.id} · ${prompt}`;
}

/** The results of the same press of Generate, this one included; none if it does not come from a run. */
export function variationsOf({ items }: Pick<Versions, 'items'>, version: Version): readonly Version[] {
  return version.batch === null ? [] : items.filter(({ batch }) => batch === version.batch);
}

/** How long all results of one press took together; null if it does not come from a run. */
export function runSeconds({ items }: Pick<Versions, 'items'>, version: Version): number | null {
  if (version.seconds === null) return null;
  return variationsOf({ items }, version).reduce((sum, { seconds }) => sum + (seconds ?? 0), 0);
}

/** File name endings. */
const endings = { 'image/png': 'png', 'image/jpeg': 'jpg', 'image/webp': 'webp' } as const;
export type FileType = keyof typeof endings;

/** `harbour-inlay-2.png` for version 2 of `harbour.jpg`, `harbour.png` for the original */
export function downloadName(
  pictureName: string,
  version: Pick<Version, 'id' | 'parentId'>,
  type: FileType = 'image/png',
): string {
  const stem = pictureName.replace(/\.[a-z0-9]+$/i, '').replaceAll(/[\\/:*?"<>|]+/g, '-') || 'picture';
  return `${stem}${version.parentId === null ? '' : `-inlay-${version.id}`}.${endings[type]}`;
}

/** The version in view: the one that is shown, otherwise the one on the canvas; undefined while nothing is open. */
export function versionInSight(versions: Versions): Version | undefined {
  return shownVersion(versions) ?? findVersion(versions, versions.baseId);
}

/** A version with the object URLs of its files. */
export function toVersion(
  { width, height, file, thumbnail }: Size & Pasted,
  {
    id,
    parentId,
    prompt,
    seed,
    modelName,
    seconds,
    batch,
    origin,
  }: VersionFacts & Pick<Version, 'id' | 'origin'>,
): Version {
  const urls = { url: URL.createObjectURL(file), thumbnailUrl: URL.createObjectURL(thumbnail) };
  const facts = { id, parentId, prompt, seed, modelName, seconds, batch, origin };
  return { ...facts, width, height, file, ...urls };
}
