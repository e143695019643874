/**
 * The families of models that Inlay runs: what the page and refusals call them, and what their names suggest before any
 * file is read. What a family is made of is in model/families.
 */

/** What models do with a mask: paint into it what a prompt says, or take away what is there. */
export type Task = 'inpaint' | 'remove';

export const familyIds = ['sd1', 'sd2', 'sdxl', 'fill', 'lama', 'migan'] as const;
export type FamilyId = (typeof familyIds)[number];

export interface FamilyFacts {
  /** What its versions share, e.g. `Stable Diffusion`; families of one product are named together in lists. */
  product: string;
  /** Empty if there is only one. */
  version: string;
  /** What its models do with a mask. */
  task: Task;
  /** Whether another seed gives another result. */
  variesBySeed: boolean;
  /** Widths of its text encoders; the UNet reads them side by side. LoRAs and embeddings are made for these. */
  textWidths: readonly number[];
  /** One evaluation of its UNet at 512 × 512 as a multiple of Stable Diffusion 1's. */
  relativeCost: number;
  /** Model names that suggest this family, and the side in pixels that such models were trained at. */
  names: readonly { pattern: RegExp; nativeSize: number }[];
}

export const families: Readonly<Record<FamilyId, FamilyFacts>> = {
  sd1: {
    product: 'Stable Diffusion',
    version: '1',
    task: 'inpaint',
    variesBySeed: true,
    textWidths: [768],
    relativeCost: 1,
    names: [],
  },
  sd2: {
    product: 'Stable Diffusion',
    version: '2',
    task: 'inpaint',
    variesBySeed: true,
    textWidths: [1024],
    relativeCost: 1,
    names: [{ pattern: /stable-diffusion-2(-1)?(\/|$)/i, nativeSize: 768 }],
  },
  sdxl: {
    product: 'Stable Diffusion',
    version: 'XL',
    task: 'inpaint',
    variesBySeed: true,
    textWidths: [768, 1280],
    // 2.98 TMACs at 1024 × 1024 against 0.34 at 512 × 512, over four times the pixels.
    relativeCost: 2.2,
    names: [
      { pattern: /sdxl-turbo/i, nativeSize: 512 },
      { pattern: /xl/i, nativeSize: 1024 },
    ],
  },
  // Embedded, without weights: no checkpoint is of this family.
  fill: {
    product: 'Content-aware fill',
    version: '',
    task: 'remove',
    variesBySeed: true,
    textWidths: [],
    relativeCost: 0,
    names: [],
  },
  lama: removalFacts('LaMa', /(^|[/_-])(big-?)?lama([-_./]|$)/i),
  migan: removalFacts('MI-GAN', /(^|[/_-])mi-?gan([-_./]|$)/i),
};

/** A family of removal models, which work at 512 × 512. */
function removalFacts(product: string, pattern: RegExp): FamilyFacts {
  return {
    product,
    version: '',
    task: 'remove',
    variesBySeed: false,
    textWidths: [],
    relativeCost: 0,
    names: [{ pattern, nativeSize: 512 }],
  };
}

/** The family that a model's name suggests; undefined if it suggests none. */
export function familyByName(modelName: string): FamilyId | undefined {
  // The latest first: "xl" also occurs in names that carry an older version's number.
  return [...familyIds]
    .reverse()
    .find((id) => families[id].names.some(({ pattern }) => pattern.test(modelName)));
}

/** Of most models whose name says nothing. */
const USUAL_NATIVE_SIZE = 512;

/** `Stable Diffusion XL` */
export function familyTitle(id: FamilyId): string {
  const { product, version } = families[id];
  return version === '' ? product : `${product} ${version}`;
}

/** The side in pixels that a model was probably trained at, judged only by its name. */
export function nativeSizeByName(modelName: string): number {
  const family = familyByName(modelName);
  const named = family && families[family].names.find(({ pattern }) => pattern.test(modelName));
  return named?.nativeSize ?? USUAL_NATIVE_SIZE;
}

/** All families that paint, for sentences: `Stable Diffusion 1, 2 or XL`. */
export function familiesInWords(conjunction: 'and' | 'or'): string {
  const products = new Map<string, string[]>();
  for (const { product, version, task } of Object.values(families)) {
    if (task !== 'inpaint') continue;
    products.set(product, [...(products.get(product) ?? []), version]);
  }
  const named = [...products].map(([product, versions]) => `${product} ${listed(versions, conjunction)}`);
  return listed(named, conjunction);
}

/** What a refusal advises: a model of a family that runs. */
export const NAME_ANOTHER = `name a ${familiesInWords('or')} model`;

function listed(items: readonly string[], conjunction: string): string {
  const last = items.at(-1) ?? '';
  return items.length < 2 ? last : `${items.slice(0, -1).join(', ')} ${conjunction} ${last}`;
}
