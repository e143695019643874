/** Several files given at once: which is the picture, which its mask, and which are left. */

export interface Given<File> {
  /** Null where the mask is the open picture's. */
  picture: File | null;
  mask: File | null;
  /** One picture is worked on at a time. */
  left: readonly File[];
}

interface Named {
  name: string;
  type: string;
}

/** `photo-mask`, `mask_2`, `photo mask (1)`; not `masked`. */
const MASK_NAME = /(^|[-_. ])mask\d*($|[-_. (])/i;

/**
 * A file whose name says that it is a mask goes with the picture whose name it begins with, or with the only picture; on
 * its own it is a picture like any other, unless it is named as the open picture's mask is when it is saved.
 * @param files in the order in which they were given, at least one
 * @param openName of the picture that is open
 */
export function sortGiven<File extends Named>(files: readonly File[], openName: string | null): Given<File> {
  const images = files.filter(({ type }) => type.startsWith('image/'));
  // Where none says that it is a picture, the first is tried: what is wrong with it is told.
  const tried = images.length > 0 ? images : files.slice(0, 1);
  const masks = tried.filter(({ name }) => MASK_NAME.test(stemOf(name)));
  const pictures = tried.filter((file) => !masks.includes(file));
  const chosen = choose(pictures, masks, openName);
  const left = files.filter((file) => file !== chosen.picture && file !== chosen.mask);
  return { ...chosen, left };
}

function choose<File extends Named>(
  pictures: readonly File[],
  masks: readonly File[],
  openName: string | null,
): Omit<Given<File>, 'left'> {
  const isMaskOf = (mask: File, name: string) => stemOf(mask.name).startsWith(stemOf(name));
  for (const picture of pictures) {
    const mask = masks.find((other) => isMaskOf(other, picture.name));
    if (mask) return { picture, mask };
  }
  const [picture = null] = pictures;
  const [mask = null] = masks;
  if (picture) return { picture, mask: pictures.length === 1 ? mask : null };
  const own = openName && masks.find(({ name }) => stemOf(name).startsWith(`${stemOf(openName)}-mask`));
  return own ? { picture: null, mask: own } : { picture: mask, mask: null };
}

function stemOf(name: string): string {
  return name.replace(/\.[a-z0-9]+$/i, '');
}

/** So many are named. */
const MAX_NAMED = 3;

/** What is said of those that were not opened. */
export function leftInWords(left: readonly { name: string }[]): string {
  const names = left.slice(0, MAX_NAMED).map(({ name }) => `“${name}”`);
  const more = left.length - names.length;
  const last = more > 0 ? `${more} more` : names.length > 1 ? names.pop() : undefined;
  const list = last === undefined ? names.join() : `${names.join(', ')} and ${last}`;
  const were = left.length === 1 ? 'was' : 'were';
  return (
    `${list} ${were} not opened: one picture is worked on at a time. ` +
    'A mask is taken with its picture where it is named like photo-mask.png.'
  );
}
