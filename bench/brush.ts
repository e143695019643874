/**
 * The brush on a 24-megapixel picture: draws for five seconds through the browser's own input, and prints the
 * longest tasks of the page's main thread (from Chromium's tracing) and how much memory grew.
 * Run by `npx tsx bench/brush.ts`.
 */
import { openBuiltPage } from './builtPage';
import { describeTasks, mainThreadTasks, pageMemory, traced } from './tracing';

const WIDTH = 6000;
const HEIGHT = 4000;
const DRAW_MS = 5000;

const { page, editor, client, photograph, close } = await openBuiltPage(WIDTH, HEIGHT);
try {
  await editor.openFile(photograph);
  await page.getByText('goes to the model').waitFor({ state: 'detached', timeout: 120_000 });
  const bytes = () => pageMemory(page, client);
  const box = await editor.canvas.boundingBox();
  if (!box) throw new Error('the canvas is not shown');
  const place = (t: number) => ({
    x: box.x + box.width * (0.5 + 0.36 * Math.sin(t * 2.1)),
    y: box.y + box.height * (0.5 + 0.3 * Math.cos(t * 3.3)),
  });

  console.log(`picture ${WIDTH} × ${HEIGHT}, five seconds of drawing each`);
  for (const { label, brush } of [
    { label: 'brush as chosen, hard', brush: null },
    { label: 'brush as chosen, soft', brush: { hardness: 0 } },
    { label: 'brush of 1000 px, hard', brush: { hardness: 100, size: 100 } },
    { label: 'brush of 1000 px, soft', brush: { hardness: 0, size: 100 } },
  ]) {
    const slide = async (name: string, key: 'Home' | 'End') => page.getByRole('slider', { name }).press(key);
    if (brush) await slide('Hardness of the brush', brush.hardness === 0 ? 'Home' : 'End');
    if (brush?.size !== undefined) await slide('Size of the brush', 'End');
    const before = await bytes();
    let moves = 0;
    const events = await traced(client, async () => {
      const end = performance.now() + DRAW_MS;
      const { x, y } = place(0);
      await page.mouse.move(x, y);
      await page.mouse.down();
      while (performance.now() < end) {
        moves += 1;
        const next = place(moves / 40);
        await page.mouse.move(next.x, next.y);
        // A new stroke now and then: what ends one counts, too.
        if (moves % 120 === 0) {
          await page.mouse.up();
          await page.mouse.down();
        }
      }
      await page.mouse.up();
    });
    const tasks = mainThreadTasks(events);
    const grown = (await bytes()) - before;
    console.log(
      `${label}: ${moves} moves, ${describeTasks(tasks)}; memory ${(grown / 1e6).toFixed(1)} MB more`,
    );
  }
} finally {
  await close();
}
