/** The model panel, against the local hub. */
import type { Page } from '@playwright/test';
import { EditorPage } from './editorPage';

/** Opens the page on WASM with the local hub as a mirror, and types `name` into the model field. */
export async function openWithHub(page: Page, hubUrl: string, name?: string): Promise<EditorPage> {
  const editor = new EditorPage(page);
  await page.addInitScript((url) => localStorage.setItem('inlay.hub', url), hubUrl);
  await editor.open('/?provider=wasm');
  if (name !== undefined) await editor.model.fill(name);
  return editor;
}

export const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

export const keptLine = (page: Page) => page.getByText('Stored on this device; works offline.');
