/** Files that are opened as images: their headers and texts, complete TIFF and HEIC files, data URIs. */
import fc from 'fast-check';
import sharp from 'sharp';
import { displayP3Profile, readProfile } from '../../../src/image/files/iccProfile';
import { lossInWords, readHead } from '../../../src/image/files/pictureHead';
import { readPictureTexts } from '../../../src/image/files/pictureTexts';
import { decodeTiff } from '../../../src/image/files/tiff';
import { decodeDataUri } from '../../../src/node/dataUri';
import { measureImage } from '../../../src/node/images';
import { mutatedBytes, textOf } from '../mutate';
import { target } from '../target';
import { isNamed } from './bases';

const plain = sharp({ create: { width: 24, height: 16, channels: 4, background: '#8040c0a0' } });
const texts = { IFD2: { UserComment: 'a cat\nSteps: 1, Seed: 2' } };
const [png, jpeg, webp, avif, tiff] = (
  await Promise.all([
    plain.clone().withIccProfile('p3').png().toBuffer(),
    plain.clone().flatten().withIccProfile('p3').withExif(texts).jpeg().toBuffer(),
    plain.clone().withIccProfile('p3').withExif(texts).webp().toBuffer(),
    plain.clone().withIccProfile('p3').avif({ effort: 0 }).toBuffer(),
    plain.clone().tiff({ compression: 'lzw' }).toBuffer(),
  ])
).map((bytes) => new Uint8Array(bytes)) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];
const any = fc.oneof(...[png, jpeg, webp, avif, tiff].map(mutatedBytes));
const p3 = displayP3Profile();

export const pictureTargets = [
  target({
    name: 'heads of pictures',
    input: any,
    async take(bytes) {
      const head = await readHead(bytes, 'photo.png');
      lossInWords(head);
      return head.kind !== null;
    },
    isRefusal: isNamed,
  }),
  target({
    name: 'colour profiles',
    input: mutatedBytes(p3),
    take: (bytes) => readProfile(bytes) !== null,
    isRefusal: isNamed,
  }),
  target({
    name: 'texts of JPEG and WebP',
    input: fc.oneof(mutatedBytes(jpeg), mutatedBytes(webp)),
    take: async (bytes) => (await readPictureTexts(new Blob([bytes]))).length > 0,
    isRefusal: isNamed,
  }),
  target({
    name: 'pictures on the command line',
    share: 0.2,
    input: any,
    take: async (bytes) => (await measureImage('--image', bytes, 'photo')).decode(),
    isRefusal: isNamed,
  }),
  target({
    name: 'TIFF',
    share: 0.5,
    input: mutatedBytes(tiff),
    take: (bytes) => decodeTiff(bytes, 64),
    // Its caller tells the kind and what to do, whatever the decoder says.
    isRefusal: (error) => error instanceof Error,
  }),
  target({
    name: 'data URIs',
    input: textOf(
      [
        'data:',
        'image/png',
        ';base64',
        ',',
        '%41',
        '%',
        '%zz',
        'AAAA',
        '=',
        ' ',
        '\n',
        ';charset=utf-8',
        'DATA:',
      ],
      12,
    ),
    take: (address) => decodeDataUri(address, 1000) instanceof Uint8Array,
    isRefusal: isNamed,
  }),
];
