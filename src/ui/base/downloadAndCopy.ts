/** Files and images that leave the page. */

/** How long an object URL lives. Revoked at once, the download would not start. */
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
 * @param png may still be pending: Safari only accepts the promise, and only right after the click
 * @throws Error that says what to do if the browser does not allow it
 */
export async function copyPng(png: Promise<Blob>): Promise<void> {
  // A rejection is reported below; unawaited, it must not count as unhandled.
  png.catch(() => {});
  if (typeof ClipboardItem === 'undefined' || !navigator.clipboard?.write) {
    throw new Error('this browser can’t copy images. Download it instead.');
  }
  try {
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': png })]);
  } catch (error) {
    await png;
    if (error instanceof DOMException && error.name === 'NotAllowedError') {
      throw new Error('the browser blocked it. Click on the page and try again, or download the image.');
    }
    throw error;
  }
}
