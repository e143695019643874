/**
 * The brush on a 24-megapixel image: draws for five seconds through browser input events, first with nothing else
 * running, then while the starter model runs in its worker. Prints the longest tasks on the page's main thread (from
 * Chromium's tracing) and the growth in memory. The last figures are in bench/results/brush.json.
 * Run by `npx tsx bench/brush.ts`.
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { openBuiltPage } from './builtPage';
import { describeTasks, LIMIT_MS, mainThreadTasks, pageMemory, summaryOf, traced } from './tracing';

const WIDTH = 6000;
const HEIGHT = 4000;
const DRAW_MS = 5000;

const { page, editor, client, photograph, close } = await openBuiltPage(WIDTH, HEIGHT);
try {
  await editor.openFile(photograph);
  await page.getByText('The model sees').waitFor({ state: 'detached', timeout: 120_000 });
  const bytes = () => pageMemory(page, client);
  const box = await editor.canvas.boundingBox();
  if (!box) throw new Error('the canvas is not shown');
  const place = (t: number) => ({
    x: box.x + box.width * (0.5 + 0.36 * Math.sin(t * 2.1)),
    y: box.y + box.height * (0.5 + 0.3 * Math.cos(t * 3.3)),
  });

  const slide = (name: string, key: 'Home' | 'End') => page.getByRole('slider', { name }).press(key);
  /** Draws for five seconds. @returns how many moves were sent to the browser */
  const draw = async () => {
    const end = performance.now() + DRAW_MS;
    const { x, y } = place(0);
    let moves = 0;
    await page.mouse.move(x, y);
    await page.mouse.down();
    while (performance.now() < end) {
      moves += 1;
      const next = place(moves / 40);
      await page.mouse.move(next.x, next.y);
      // Starts a new stroke now and then, because ending one costs time too.
      if (moves % 120 === 0) {
        await page.mouse.up();
        await page.mouse.down();
      }
    }
    await page.mouse.up();
    return moves;
  };

  const figures: Record<string, unknown>[] = [];
  /** @param isOn whether what `begin` started is still running */
  const measure = async (label: string, begin = async () => {}, isOn = async () => true) => {
    // Takes about twenty seconds, so it comes before anything that has to outlast the drawing.
    const before = await bytes();
    await begin();
    let moves = 0;
    const events = await traced(client, async () => {
      moves = await draw();
    });
    if (!(await isOn())) throw new Error('the run ended before the drawing');
    const tasks = mainThreadTasks(events);
    const grownMegabytes = Math.round(((await bytes()) - before) / 1e5) / 10;
    figures.push({ label, moves, ...summaryOf(tasks), grownMegabytes });
    console.log(`${label}: ${moves} moves, ${describeTasks(tasks)}; memory ${grownMegabytes} MB more`);
  };

  console.log(`image ${WIDTH} × ${HEIGHT}, five seconds of drawing each`);
  await measure('brush as chosen, hard');
  await slide('Brush hardness', 'Home');
  await measure('brush as chosen, soft');
  await slide('Brush size', 'End');
  await measure('brush of 1000 px, soft');
  await slide('Brush hardness', 'End');
  await measure('brush of 1000 px, hard');

  // A small mask, because this measures the brush and not what the run reads and pastes.
  const maskLittle = async () => {
    await slide('Brush size', 'Home');
    await editor.tool('Clear mask').click();
    await editor.drag([0.5, 0.5], [0.51, 0.51]);
  };
  // The model is loaded before measuring starts, and its run outlasts the drawing.
  await maskLittle();
  await editor.steps.fill('1');
  await editor.run();
  await page.getByRole('button', { name: 'Close', exact: true }).click();
  await editor.steps.fill('150');
  await page.getByText('More settings').click();
  await page.getByRole('spinbutton', { name: 'Variations' }).fill('4');
  for (const [label, key] of [
    ['brush of 1000 px, hard, during a run', 'End'],
    ['smallest brush, hard, during a run', 'Home'],
  ] as const) {
    await maskLittle();
    await slide('Brush size', key);
    const begin = async () => {
      await editor.generate.click();
      await page
        .getByText(/step [1-9]\d* of 150/)
        .first()
        .waitFor({ timeout: 120_000 });
    };
    await measure(label, begin, () => editor.progress.isVisible());
    await editor.progress.waitFor({ state: 'detached', timeout: 240_000 });
  }
  const about = {
    picture: `${WIDTH} × ${HEIGHT}`,
    drawMs: DRAW_MS,
    limitMs: LIMIT_MS,
    processor: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}`,
    browser: page.context().browser()?.version(),
  };
  writeFileSync('bench/results/brush.json', `${JSON.stringify({ ...about, figures }, null, 2)}\n`);
} finally {
  await close();
}
