/** Files and pictures that leave the page. */

/** So long an address lives: the download has begun by then; revoked at once, it would not. */
const ADDRESS_MS = 60_000;

/** Downloads a file. */
export function giveFile(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), ADDRESS_MS);
}

/**
 * Puts a PNG into the clipboard.
 * @param png may still be made: Safari takes the promise only, as long as the press is fresh
 * @throws Error with what to do where the browser does not allow it
 */
export async function copyPng(png: Promise<Blob>): Promise<void> {
  // What it rejects with is told below; where nobody waits for it any more it is no error of its own.
  png.catch(() => {});
  if (typeof ClipboardItem === 'undefined' || !navigator.clipboard?.write) {
    throw new Error('this browser lets pages copy no pictures. Download it instead.');
  }
  try {
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': png })]);
  } catch (error) {
    await png;
    if (error instanceof DOMException && error.name === 'NotAllowedError') {
      throw new Error('the browser did not allow it. Click on the page and try again, or download it.');
    }
    throw error;
  }
}
