/** A model that this machine cannot hold, on the page: figures, advice and a way out, before any of it is fetched. */
import { startHub } from '../test/support/hub/hub';
import { askedWeightBytes, unfetchedRepo } from '../test/support/hub/hubServer';
import { EditorPage } from '../test/support/pages/editorPage';
import { expect, test } from '../test/support/pages/test';

test('SDXL without a GPU: need and room in figures, and the hosted API a press away', async ({
  page,
}, info) => {
  const hub = await startHub({ repos: [unfetchedRepo('true/sdxl', 'sdxl')] });
  try {
    const editor = new EditorPage(page);
    await page.addInitScript((url) => localStorage.setItem('inlay.hub', url), hub.url);
    await editor.open('/?provider=wasm');
    await editor.model.fill('true/sdxl');
    await editor.generate.click();

    const question = page.getByRole('alertdialog', { name: 'Send this run to the hosted API?' });
    await expect(question).toContainText('its unet needs 10.7 GB of memory at this picture size', {
      timeout: 60_000,
    });
    // Nothing behind the question says it as well, nor afterwards beside the alert.
    const sentence = page.getByText('its unet needs 10.7 GB');
    await expect(sentence).toHaveCount(1);
    await question.getByRole('button', { name: 'Don’t send' }).click();

    const alert = page.getByRole('alert').filter({ hasText: /too large for this device/ });
    await expect(alert).toHaveText(
      'Model "true/sdxl" is too large for this device: its unet needs 10.7 GB of memory at this picture size, and ' +
        '3.9 GB can be had (WASM can use 4 GiB in all); choose a smaller model or picture, or use the hosted API. Use the hosted API',
    );
    await expect(sentence).toHaveCount(1);
    await page.screenshot({ path: info.outputPath('too-large.png') });
    // Its configurations were enough.
    expect(hub.log.length).toBeGreaterThan(0);
    expect(askedWeightBytes(hub.log)).toBe(0);

    await alert.getByRole('button', { name: 'Use the hosted API' }).click();
    await expect(page.getByRole('switch', { name: 'Hosted API' })).toBeChecked();
    await expect(alert).toBeHidden();
  } finally {
    await hub.close();
  }
});
