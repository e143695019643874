/** What a host needs from its environment: the browser's worker, the command line and the server provide one each. */
import type { HubAccess } from '../contract/modelLibrary';
import type { ImageSource } from '../contract/schema';
import type { Size } from '../image/geometry';
import type { Pixels } from '../image/raster';
import type { LocalFile } from '../model/addOnSource';
import type { CheckpointFiles } from '../model/files';
import type { MemoryGuard } from '../model/memoryGuard';
import type { OpenDigest } from '../model/prepare/streamDigest';
import type { Runtime } from '../model/runtime/session';
import type { Source } from '../model/source/source';
import type { FillElsewhere } from '../pipeline/fill';
import type { WeightStore } from '../storage/weights';

/** ONNX Runtime on its device, and what keeps runs within its memory. */
export interface Machine {
  runtime: Runtime;
  guard: MemoryGuard;
}

/** A model that is not looked up on a hub: the starter model, a folder, a file. */
export interface OwnModel {
  /** Files that can be read as they are; absent if the model is prepared into the store first, as a single file is. */
  files?: CheckpointFiles;
  /** Files that its first run reads: they are read from the moment it is opened, while the runtime starts. */
  ahead?: readonly string[];
  /** What to prepare it from, and to merge LoRAs into: its listing, or a name that leads to one. */
  source(): Promise<Source | string>;
}

/** Picks one of a folder's files. @throws InputError if it is not clear which one is meant */
export type ChooseFile = (source: string, files: readonly { path: string }[]) => { path: string };

/** An image whose size is known before it is decoded, if the platform can tell. */
export interface MeasuredImage extends Size {
  /** @returns RGBA in sRGB, upright */
  decode(): Promise<Pixels>;
}

export interface Platform {
  /** Called at the first use, and again after a failure. */
  openRuntime(): Promise<Machine>;
  store: WeightStore;
  /** Where models come from until the host is configured otherwise. */
  hub: HubAccess;
  starter: OwnModel;
  /** Local models by name; absent if names refer only to the network. */
  ownModel?(name: string): Promise<OwnModel | undefined>;
  /** The same for LoRAs and embeddings. */
  ownAddOn?(source: string, choose: ChooseFile): Promise<LocalFile | undefined>;
  /**
   * @param field the request's field, for errors
   * @throws InputError if it is not an image, NetworkError if its URL does not answer
   */
  measure(field: string, source: ImageSource, signal: AbortSignal): Promise<MeasuredImage>;
  /** @throws InputError for an image that this host does not take */
  checkSize?(image: Size, modelName: string): void;
  /** How a mask is understood, if that is worth a line in the run's log. */
  describeMask?(mask: Pixels): string | null;
  /** @returns a PNG */
  encode(pixels: Pixels): Promise<Blob>;
  /** Absent: previews are dropped. @returns a bitmap that its receiver closes */
  preview?(pixels: Pixels): Promise<ImageBitmap>;
  /** Lets the thread do what waits, such as hearing that the run is cancelled: resolves in a turn of its own. */
  turn(): Promise<void>;
  /** Called before each step, if the runtime would otherwise hold the thread until the end of the run. */
  yieldBetweenSteps?(): Promise<void>;
  /** Completes the ground of what the starter model draws, beside the drawing; absent: on this thread. */
  fill?: FillElsewhere;
  /** Hashes downloads; absent: on this thread. */
  openDigest?: OpenDigest;
}
