/** The model's part of the page, against the local hub. */
import type { Page } from '@playwright/test';
import { EditorPage } from './editorPage';

/** The page on WASM with the local hub as a mirror; `name` typed into the field. */
export async function openWithHub(page: Page, hubUrl: string, name?: string): Promise<EditorPage> {
  const editor = new EditorPage(page);
  await page.addInitScript((url) => localStorage.setItem('inlay.hub', url), hubUrl);
  await editor.open('/?provider=wasm');
  if (name !== undefined) await editor.model.fill(name);
  return editor;
}

export const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

export const keptLine = (page: Page) => page.getByText('Stored on this device; works offline.');
