/** The command line's arguments as `--help` lists them. */
import { isOptionField, kindOf, type OptionField, optionFields, optionRows } from '../../contract/options';
import { selectors } from '../../contract/selectors';

export interface FlagRow {
  /** Without the dashes. */
  name: string;
  /** Stands for the value in `--help`; absent for a switch. */
  value?: string;
  help?: string;
  mayRepeat?: boolean;
  /** The run option that it sets. */
  field?: OptionField;
}

/** The argument of a run option, as its row describes it. */
function flagsOf(field: OptionField): FlagRow[] {
  const { flag } = optionRows[field];
  return flag ? [{ ...flag, field, mayRepeat: kindOf(field) === 'list' }] : [];
}

const neededOptions: readonly OptionField[] = ['model_name', 'prompt'];
export const neededFlags: readonly FlagRow[] = [
  ...flagsOf('model_name'),
  {
    name: 'image',
    value: 'FILE|URL',
    help: 'the image: PNG, JPEG, WebP, AVIF, HEIC, GIF or TIFF; sRGB and Display P3 keep their colours',
  },
  {
    name: 'mask',
    value: 'FILE|URL',
    help: 'same size as the image; white is repainted, black is kept; or --select X,Y in its place',
  },
  ...flagsOf('prompt'),
  {
    name: 'out',
    value: 'FILE',
    help: 'where the result goes; the ending sets the format: .png, or .jpg and .webp, which lose some detail',
  },
];

/** Models that find a thing at a place. */
export const clickModels = selectors.filter(({ task }) => task === 'click').map(({ id }) => id);

/** All arguments, in the order of `--help`: what is needed, run options, the rest. */
export const flags: readonly FlagRow[] = [
  ...neededFlags,
  ...optionFields.filter((field) => !neededOptions.includes(field)).flatMap(flagsOf),
  {
    name: 'select',
    value: 'X,Y',
    mayRepeat: true,
    help:
      'in place of --mask: the thing at this place of the image, in pixels; again for more places of it, the same place ' +
      'again for the next larger thing there',
  },
  {
    name: 'select-name',
    value: 'TEXT',
    mayRepeat: true,
    help:
      'in place of --mask, or beside --select: whatever has this name, such as "the dog"; several with commas; needs a ' +
      'model of 142 MB, downloaded once',
  },
  {
    name: 'select-not',
    value: 'X,Y',
    mayRepeat: true,
    help: 'a place that does not belong to the thing; without --select, the thing there stays as it is',
  },
  {
    name: 'select-model',
    value: 'ID',
    help: `what finds the thing at a place: ${clickModels.join(', ')}; default: the one that comes with Inlay`,
  },
  { name: 'mask-out', value: 'FILE', help: 'also write the mask that was used: .png, white on black' },
  {
    name: 'mask-reading',
    value: 'HOW',
    help:
      'luminance, alpha (opaque areas are repainted) or inverted; default: detected from the mask, with a note if ' +
      'it is not plain white on black',
  },
  { name: 'no-crop', help: 'send the whole image, not only the part around the mask' },
  // The default, which can also be written out.
  { name: 'paste-back' },
  {
    name: 'no-paste-back',
    help:
      'write the model’s own output, at its size, without the original around the mask; sends the whole image ' +
      'unless --crop-padding is given',
  },
  { name: 'threads', value: 'N', help: 'CPU threads; default: all cores' },
  { name: 'help', help: 'show this text' },
];

/** Columns: where the explanations begin, and the width of the text. */
const INDENT = 30;
const WIDTH = 118;

export const usage = `Usage: npm run --silent inpaint -- --model NAME --image FILE|URL --mask FILE|URL --prompt TEXT --out FILE
       npm run --silent inpaint -- --model fill --image FILE|URL (--mask FILE|URL | --select X,Y) --out FILE

Repaints the white part of the mask (with fill: takes away what is there) and writes the result. Prints one line of
JSON on standard output.

${flags.flatMap(helpLines).join('\n')}
`;

/** An argument and its explanation, wrapped. */
function helpLines({ name, value, help }: FlagRow): string[] {
  if (help === undefined) return [];
  const lines = [`  --${name}${value === undefined ? '' : ` ${value}`}`.padEnd(INDENT)];
  for (const word of help.split(' ')) {
    const line = lines.at(-1) ?? '';
    const spaced = line.length <= INDENT && line.endsWith(' ') ? line : `${line} `;
    if (`${spaced}${word}`.length > WIDTH) lines.push(`${' '.repeat(INDENT)}${word}`);
    else lines[lines.length - 1] = `${spaced}${word}`;
  }
  return lines;
}

/** @returns the argument that sets a field of the contract, to be named in messages about it */
export function flagOf(field: string): string {
  const flag = isOptionField(field) ? optionRows[field].flag : undefined;
  return `--${flag?.name ?? field}`;
}
