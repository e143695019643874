import 'fake-indexeddb/auto';
import { setTimeout as wait } from 'node:timers/promises';
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { blank, browser, type PageOptions, page } from '../../../test/support/drafts';
import { eventually } from '../../../test/support/eventually';
import { paint } from '../../../test/support/session';
import type { Session } from './session';

const SAMPLE = new URL('http://localhost/samples/cows.json');

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory());
  const about = JSON.stringify({
    image: 'cows.jpg',
    mask: 'cows-mask.png',
    prompt: '',
    hint: 'Press Remove.',
  });
  const image = { headers: { 'Content-Type': 'image/png' } };
  vi.stubGlobal('fetch', async (url: URL) =>
    url.pathname.endsWith('.json') ? new Response(about) : new Response('image', image),
  );
});
afterEach(() => {
  vi.unstubAllGlobals();
});

/** A page whose sample is open, as at a first visit. */
async function withSample(options: PageOptions) {
  const made = blank(options);
  const visit = await made.drafts.start();
  expect(await made.session.openSample(SAMPLE)).toBe(true);
  return { ...made, visit };
}

it('the sample is no session until something is done to it: the next visit is a first one, with its hint', async () => {
  const { tab, close } = browser();
  const mine = tab();
  const first = await withSample({ id: 'one', tab: mine });
  expect(first.session.run.getState().stageNote).toBe('Press Remove.');
  await wait(60);
  expect(await first.list()).toEqual([]);
  close('one');
  const second = await withSample({ id: 'two', tab: tab(mine.memory.own) });
  expect(second.visit).toBe('first');
  expect(second.state().restored).toBeNull();
  expect(second.session.isUntouchedSample()).toBe(true);
});

it.each([
  ['a stroke', (session: Session) => paint(session)],
  ['a prompt', (session: Session) => session.change({ prompt: 'a red fox' })],
  ['a result', (session: Session) => session.generate()],
  [
    'a frame',
    ({ editor }: Session) => {
      editor.moveFrame({ x: 200, y: 100, width: 300, height: 200 });
      editor.endFrame();
    },
  ],
])('%s makes it one', async (_what, act) => {
  const { session, list } = await withSample({ id: 'one' });
  await act(session);
  expect(session.isUntouchedSample()).toBe(false);
  await eventually(async () => expect(await list()).toEqual(['one']));
});

it('a sample is never put away in place of the work that was', async () => {
  const { session, drafts, state } = await page({ id: 'one' });
  paint(session);
  await drafts.startWith(() => session.openSample(SAMPLE));
  await drafts.startWith(() => session.openSample(SAMPLE));
  expect(state().offered).toMatchObject({ id: 'one', name: 'photo.png', why: 'aside' });
});
