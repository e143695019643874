/** A file that the page gives to be saved, taken on its way out. */
import type { Page } from '@playwright/test';

/**
 * Chromium holds back a page's eleventh download until somebody allows it, so the file is taken before it becomes one.
 * @param save makes the page offer the file
 */
export async function takeFile(
  page: Page,
  save: () => Promise<void>,
): Promise<{ name: string; bytes: Buffer }> {
  const given = await page.evaluateHandle(() => {
    const { click } = HTMLAnchorElement.prototype;
    const file = new Promise<{ name: string; bytes: number[] }>((resolve, reject) => {
      HTMLAnchorElement.prototype.click = function (this: HTMLAnchorElement) {
        HTMLAnchorElement.prototype.click = click;
        fetch(this.href)
          .then((response) => response.arrayBuffer())
          .then((buffer) => resolve({ name: this.download, bytes: [...new Uint8Array(buffer)] }), reject);
      };
    });
    return { file };
  });
  await save();
  const { name, bytes } = await given.evaluate(({ file }) => file);
  return { name, bytes: Buffer.from(bytes) };
}
