/**
 * The models of the Hub that select things in an image: exports for transformers.js, all that is known of each before looking
 * it up. The one that the page brings along is not among them.
 */

/** What a model selects by: a click on a thing, or its name. */
export type SelectorTask = 'click' | 'name';

export interface SelectorOffer {
  /** On the Hub. */
  id: string;
  title: string;
  /** What it is for, in a few words. */
  does: string;
  /** What it is good at; where there is a choice. */
  goodAt: string;
  task: SelectorTask;
  /** The class of transformers.js that runs it. */
  kind: 'SamModel' | 'Sam2Model' | 'EdgeTamModel' | 'CLIPSegForImageSegmentation';
  /** Its graphs in `onnx/`, and in which form each is used. */
  graphs: Readonly<Record<string, GraphForm>>;
  /** Of all files to download, by the listings of the repositories. Looking it up gives the current size. */
  bytes: number;
  licence: string;
}

/** As transformers.js names them: q8 has weights in 8 bits. */
export type GraphForm = 'fp32' | 'fp16' | 'q8';

/** What ends a graph's file name in each form. */
export const GRAPH_SUFFIX: Readonly<Record<GraphForm, string>> = {
  fp32: '',
  fp16: '_fp16',
  q8: '_quantized',
};

const wholeSam = { vision_encoder: 'fp32', prompt_encoder_mask_decoder: 'fp32' } as const;

/**
 * In the order in which the page lists them. SAM 2.1's encoder is taken in fp16, which halves the download, its decoder in
 * fp32: its answers in fp16 were reported to be useless.
 */
export const selectors: readonly SelectorOffer[] = [
  {
    id: 'Xenova/slimsam-77-uniform',
    title: 'SlimSAM',
    does: 'Select object',
    goodAt: 'SAM made small, quick',
    task: 'click',
    kind: 'SamModel',
    graphs: wholeSam,
    bytes: 40e6,
    licence: 'apache-2.0',
  },
  {
    id: 'onnx-community/EdgeTAM-ONNX',
    title: 'EdgeTAM',
    does: 'Select object',
    goodAt: 'SAM 2 for phones, quick',
    task: 'click',
    kind: 'EdgeTamModel',
    graphs: wholeSam,
    bytes: 41e6,
    licence: 'apache-2.0',
  },
  {
    id: 'onnx-community/sam2.1-hiera-tiny-ONNX',
    title: 'SAM 2.1 tiny',
    does: 'Select object',
    goodAt: 'Finest edges, slower',
    task: 'click',
    kind: 'Sam2Model',
    graphs: { vision_encoder: 'fp16', prompt_encoder_mask_decoder: 'fp32' },
    bytes: 88.5e6,
    licence: 'apache-2.0',
  },
  {
    id: 'Xenova/clipseg-rd64-refined',
    title: 'CLIPSeg',
    does: 'Select by name',
    goodAt: 'Finds things by their names',
    task: 'name',
    kind: 'CLIPSegForImageSegmentation',
    graphs: { model: 'q8' },
    bytes: 142e6,
    licence: 'apache-2.0',
  },
];

/** The model that finds things by their names. */
export const NAME_SELECTOR = 'Xenova/clipseg-rd64-refined';

/** @returns undefined if it is none of them */
export function selectorOf(id: string): SelectorOffer | undefined {
  return selectors.find((selector) => selector.id === id);
}

/** Files of a selector that hold no weights: what its graphs are, how images and words become their inputs. */
export const SELECTOR_TEXTS = {
  required: ['config.json', 'preprocessor_config.json'],
  /** Only for names. */
  ofWords: ['tokenizer.json', 'tokenizer_config.json'],
} as const;

/**
 * Bytes of all files of a selector. The largest offered has 142 MB; transformers.js holds whole files in memory, twice while
 * a session is made of them.
 */
export const MAX_SELECTOR_BYTES = 1_000_000_000;

/** Files beside one graph that hold its weights: the largest exports in use have a handful. */
export const MAX_DATA_FILES = 16;

/** Characters of the name of a thing: CLIP reads 75 tokens, which are about as many words. */
export const MAX_THING_CHARACTERS = 300;

/** Names in one call: each takes seconds. */
export const MAX_NAMES = 16;

/** What looking a selector up tells, before any weights are downloaded. */
export interface SelectorDetails {
  id: string;
  /** Bytes of all its files. */
  totalBytes: number;
  /** As its page on the Hub says. */
  licence?: string | undefined;
  isKept: boolean;
}
