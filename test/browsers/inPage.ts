/**
 * What runs inside the page, by role and name as people know its controls. Each function is sent to the browser as text, so
 * it may use nothing from outside of itself.
 */

export interface Wanted {
  readonly role: 'button' | 'textbox' | 'application' | 'slider' | 'dialog' | 'listitem' | 'spinbutton';
  /** The beginning of its accessible name: a key may follow it. */
  readonly name: string;
  [key: string]: string;
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Of a slider as it says it, of a text field or a spin button. */
  readonly value: string;
  /** Whether a press in its middle meets it, and nothing above it. */
  readonly onTop: boolean;
  readonly disabled: boolean;
}

/** @returns where it is, of several the one that can be pressed; null if none is shown */
export function locate({ role, name }: Wanted): Box | null {
  const selectors: Record<string, string> = {
    button: 'button, [role="button"]',
    textbox: 'textarea, input[type="text"], input:not([type])',
    spinbutton: 'input[type="number"], [role="spinbutton"], input[inputmode]',
    slider: 'input[type="range"], [role="slider"]',
  };
  let covered: Box | null = null;
  const selector = selectors[role] ?? `[role="${role}"]`;
  for (const element of document.querySelectorAll<HTMLElement>(selector)) {
    const labelled = (element.getAttribute('aria-labelledby') ?? '').split(/\s+/).filter((id) => id !== '');
    const labels = [
      element.getAttribute('aria-label'),
      labelled.map((id) => document.getElementById(id)?.textContent ?? '').join(' '),
      [...((element as HTMLInputElement).labels ?? [])].map((label) => label.textContent).join(' '),
      element.textContent,
    ];
    const found = labels.find((label) => label != null && label.trim() !== '')?.trim() ?? '';
    if (!found.startsWith(name)) continue;
    element.scrollIntoView({ block: 'nearest' });
    const { x, y, width, height } = element.getBoundingClientRect();
    if (width === 0 || height === 0) continue;
    const met = document.elementFromPoint(x + width / 2, y + height / 2);
    const box = {
      x,
      y,
      width,
      height,
      value:
        (element as HTMLInputElement).value ??
        element.getAttribute('aria-valuetext') ??
        element.getAttribute('aria-valuenow') ??
        '',
      onTop: met !== null && (element.contains(met) || met.contains(element)),
      disabled: (element as HTMLButtonElement).disabled === true || element.ariaDisabled === 'true',
    };
    if (box.onTop) return box;
    covered ??= box;
  }
  return covered;
}

/** Keeps what the page lets people download, in place of asking where to put it. */
export function catchDownloads(): void {
  const given: Promise<{ name: string; bytes: string }>[] = [];
  Object.assign(window, { inlayTestDownloads: given });
  const click = HTMLAnchorElement.prototype.click;
  HTMLAnchorElement.prototype.click = function (this: HTMLAnchorElement) {
    if (this.download === '') {
      click.call(this);
      return;
    }
    const { href, download } = this;
    given.push(
      fetch(href)
        .then((response) => response.blob())
        .then(
          (blob) =>
            new Promise((resolve, reject) => {
              const reader = new FileReader();
              reader.onload = () =>
                resolve({ name: download, bytes: String(reader.result).replace(/^.*,/, '') });
              reader.onerror = () => reject(reader.error);
              reader.readAsDataURL(blob);
            }),
        ),
    );
  };
}

/** @returns the file that was last given, and forgets it; null if none was. In base64 */
export async function lastDownload(): Promise<{ name: string; bytes: string } | null> {
  const { inlayTestDownloads } = window as unknown as {
    inlayTestDownloads: Promise<{ name: string; bytes: string }>[];
  };
  return (await inlayTestDownloads.pop()) ?? null;
}

/** Drops a file onto the page. @param bytes in base64 */
export async function dropFile(name: string, type: string, bytes: string): Promise<void> {
  const data = new DataTransfer();
  const content = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
  data.items.add(new File([content], name, { type }));
  const target = document.querySelector('[role="application"]') ?? document.body;
  for (const kind of ['dragenter', 'dragover', 'drop'])
    target.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
}

/** Watches for the next result. {@link resultTime} tells when it came: drivers take one command at a time. */
export function watchResult(button: string): void {
  const before = document.querySelector<HTMLImageElement>('img[alt="Result"]')?.src;
  const shown = new Promise<number>((resolve) => {
    let pressed: number | undefined;
    const onClick = (event: Event) => {
      const { textContent } = (event.target as Element).closest('button') ?? {};
      if (textContent?.startsWith(button)) pressed ??= event.timeStamp;
    };
    window.addEventListener('click', onClick, { capture: true });
    const look = () => {
      const image = document.querySelector<HTMLImageElement>('img[alt="Result"]');
      const isNew = image !== null && image.src !== before && image.naturalWidth > 0;
      if (pressed === undefined || !isNew) {
        setTimeout(look, 20);
        return;
      }
      window.removeEventListener('click', onClick, { capture: true });
      resolve(performance.now() - pressed);
    };
    look();
  });
  Object.assign(window, { inlayTestResult: shown });
}

/** @returns milliseconds from the press of the button until the result was shown */
export function resultTime(): Promise<number> {
  return (window as unknown as { inlayTestResult: Promise<number> }).inlayTestResult;
}

/** How many files the service worker keeps whose addresses contain this. */
export async function keptFiles(part: string): Promise<number> {
  const names = await caches.keys();
  const requests = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
  return requests.flat().filter(({ url }) => url.includes(part)).length;
}
