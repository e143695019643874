/** TIFF, by geotiff's decoder, which is fetched when the first such image is opened. */

import type { GeoTIFFImage } from 'geotiff';
import type { Size } from '../geometry';
import { createPixels, type Pixels } from '../raster';
import { type Profile, readProfile } from './iccProfile';
import { inflate, unpackBits, unpackLzw } from './tiffBlocks';

export interface TiffPicture {
  pixels: Pixels;
  /** Of the file, before it became 8. */
  bits: number;
  profile: Profile | null;
  isCmyk: boolean;
}

/** Tags. */
const ORIENTATION = 274;
const COLOR_MAP = 320;
const EXTRA_SAMPLES = 338;
const ICC_PROFILE = 34675;
/** Values of `PhotometricInterpretation` (TIFF 6.0, section 8). */
const WHITE_IS_ZERO = 0;
const RGB = 2;
const PALETTE = 3;
const CMYK = 5;
const FLOAT = 3;
/** What `ExtraSamples` says of a channel of alpha: colours times it, or straight. */
const ALPHA = [1, 2];

/**
 * The first page, upright, 8 bits a channel.
 * @param maxSide larger ones are refused before they are decoded
 * @throws RangeError with the size, for one that is too large; Error for a form that the decoder does not know, or a damaged
 *   file
 */
export async function decodeTiff(bytes: Uint8Array, maxSide: number): Promise<TiffPicture> {
  const { fromArrayBuffer } = await withBoundedBlocks();
  const image = await (await fromArrayBuffer(new Uint8Array(bytes).buffer)).getImage(0);
  const [width, height] = [image.getWidth(), image.getHeight()];
  if (!(Math.max(width, height) <= maxSide)) throw new RangeError(`${width} × ${height}`);
  refuseOddBlocks(image, { width, height });
  const directory = image.fileDirectory;
  const tagOf = async (tag: number): Promise<unknown> =>
    directory.hasTag(tag) ? directory.loadValue(tag) : undefined;
  const kind = Number(directory.getValue('PhotometricInterpretation') ?? 1);
  const bits = image.getBitsPerSample(0);
  const icc = numbers(await tagOf(ICC_PROFILE));
  const profile = icc && readProfile(Uint8Array.from(icc));
  const facts = { bits, profile, isCmyk: kind === CMYK };
  const pixels = createPixels({ width, height });

  if (kind > PALETTE) {
    // Print, video and Lab: the decoder turns them into sRGB.
    const rgb = (await image.readRGB({ interleave: true })) as unknown as ArrayLike<number>;
    const top = rgb instanceof Uint16Array ? 65535 : 255;
    fill(pixels, (pixel, c) => (c === 3 ? 255 : ((rgb[pixel * 3 + c] ?? 0) * 255) / top));
  } else {
    const samples = image.getSamplesPerPixel();
    const values = (await image.readRasters({ interleave: true })) as unknown as ArrayLike<number>;
    if (values.length < width * height * samples) throw new Error('its pixels are cut off');
    const colours = kind === RGB ? 3 : 1;
    const top = image.getSampleFormat(0) === FLOAT ? 1 : 2 ** bits - 1;
    const palette = kind === PALETTE ? numbers(await tagOf(COLOR_MAP)) : null;
    const extra = numbers(await tagOf(EXTRA_SAMPLES))?.[0] ?? 0;
    const alphaOf = (pixel: number) =>
      ALPHA.includes(extra) && samples > colours ? (values[pixel * samples + colours] ?? 0) / top : 1;
    fill(pixels, (pixel, c) => {
      const value = values[pixel * samples + (colours === 3 ? c : 0)] ?? 0;
      if (c === 3) return 255 * alphaOf(pixel);
      // All reds, then all greens, then all blues, of 16 bits.
      if (palette) return (palette[value + (c * palette.length) / 3] ?? 0) / 257;
      const alpha = extra === 1 ? alphaOf(pixel) || 1 : 1;
      const share = value / top / alpha;
      return 255 * (kind === WHITE_IS_ZERO ? 1 - share : share);
    });
  }
  return { ...facts, pixels: turned(pixels, Number(numbers(await tagOf(ORIENTATION))?.[0] ?? 1)) };
}

function fill({ data, width, height }: Pixels, channelOf: (pixel: number, channel: number) => number): void {
  for (let pixel = 0; pixel < width * height; pixel++)
    for (let c = 0; c < 4; c++) data[pixel * 4 + c] = channelOf(pixel, c);
}

/** A tag's value: a number, or several. */
function numbers(value: unknown): ArrayLike<number> | null {
  if (typeof value === 'number') return [value];
  return Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value)
    ? (value as unknown as ArrayLike<number>)
    : null;
}

/** @param orientation 1 to 8, as in EXIF */
function turned(pixels: Pixels, orientation: number): Pixels {
  if (!(orientation >= 2 && orientation <= 8)) return pixels;
  const { width, height } = pixels;
  const swaps = orientation >= 5;
  const upright = createPixels(swaps ? { width: height, height: width } : pixels);
  const from = new Uint32Array(pixels.data.buffer);
  const to = new Uint32Array(upright.data.buffer);
  for (let y = 0; y < upright.height; y++) {
    for (let x = 0; x < upright.width; x++) {
      const [a, b] = swaps ? [y, x] : [x, y];
      const isMirroredX = [2, 3, 7, 8].includes(orientation);
      const isMirroredY = [3, 4, 6, 7].includes(orientation);
      const column = isMirroredX ? width - 1 - a : a;
      const row = isMirroredY ? height - 1 - b : b;
      to[y * upright.width + x] = from[row * width + column] ?? 0;
    }
  }
  return upright;
}

/** Channels of a pixel; scanners and cameras write up to 8. */
const MOST_SAMPLES = 32;
/** Strips or tiles of a plane: one a row, or tiles of 16 × 16 as the format's smallest. */
const MOST_BLOCKS = 300_000;

/**
 * The library counts blocks by what the file says of their size: a height of a fraction of a row would have no end.
 * @throws Error if a size is not a whole number, or there would be too many
 */
function refuseOddBlocks(
  image: Pick<GeoTIFFImage, 'getTileWidth' | 'getTileHeight' | 'getSamplesPerPixel' | 'getBitsPerSample'>,
  { width, height }: Size,
): void {
  const [across, down, samples] = [image.getTileWidth(), image.getTileHeight(), image.getSamplesPerPixel()];
  const isCount = (value: number) => Number.isInteger(value) && value > 0;
  if (![width, height, across, down, samples].every(isCount))
    throw new Error('a size in it is not a whole number');
  const blocks = Math.ceil(width / across) * Math.ceil(height / down);
  if (samples > MOST_SAMPLES || blocks > MOST_BLOCKS)
    throw new Error('it claims more parts than any image has');
}

const [LZW, DEFLATE, OLD_DEFLATE, PACKBITS] = [5, 8, 32946, 32773];
/** Rows of a strip that says nothing of its own height. */
const MOST_ROWS = 16384;

let library: Promise<typeof import('geotiff')> | undefined;

/** The library, with decoders that write no more than a block can hold. */
function withBoundedBlocks(): Promise<typeof import('geotiff')> {
  library ??= import('geotiff').then((geotiff) => {
    const bounded = (
      unpack: (packed: Uint8Array<ArrayBuffer>, most: number) => Unpacked | Promise<Unpacked>,
    ) =>
      class extends geotiff.BaseDecoder {
        override async decodeBlock(packed: ArrayBufferLike) {
          const { tileWidth, tileHeight, bitsPerSample, planarConfiguration } = this.parameters;
          const bits = typeof bitsPerSample === 'number' ? [bitsPerSample] : Array.from(bitsPerSample);
          const pixelBits =
            planarConfiguration === 2 ? Math.max(...bits) : bits.reduce((sum, each) => sum + each, 0);
          const most = Math.ceil((tileWidth * pixelBits) / 8) * Math.min(tileHeight, MOST_ROWS);
          const block = await unpack(new Uint8Array(packed as ArrayBuffer), most);
          return block.slice().buffer;
        }
      };
    const [lzw, bits, deflate] = [bounded(unpackLzw), bounded(unpackBits), bounded(inflate)];
    geotiff.addDecoder(LZW, async () => lzw);
    geotiff.addDecoder(PACKBITS, async () => bits);
    geotiff.addDecoder([DEFLATE, OLD_DEFLATE], async () => deflate);
    return geotiff;
  });
  return library;
}

type Unpacked = Uint8Array<ArrayBuffer>;
