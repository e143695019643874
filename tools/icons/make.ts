/**
 * `node_modules/.bin/tsx tools/icons/make.ts`: draws public/icons from the logo in the page's top bar. Needed only
 * when the logo changes; its results are committed.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

const folder = fileURLToPath(new URL('../../public/icons/', import.meta.url));
const SIDE = 512;

/** The logo of ui/page/TopBar.tsx, a square with a piece set into its corner, on 24 × 24 units. */
const mark = `
    <rect x="3" y="3" width="18" height="18" rx="4.6" fill="#ff8a4c" fill-opacity=".13" stroke="url(#line)" stroke-width="1.9"/>
    <path d="M21 12.2h-4.6a4.2 4.2 0 0 0-4.2 4.2V21h4.2a4.6 4.6 0 0 0 4.6-4.6z" fill="url(#piece)" stroke="url(#piece)" stroke-width="1.9" stroke-linejoin="round"/>`;

/**
 * @param corner radius of the background's corners, of 512; 0 if the system cuts its own shape
 * @param scale of the logo; a maskable icon stays within the circle of 80 %
 */
function drawing(corner: number, scale: number): string {
  const margin = (SIDE - 24 * scale) / 2;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIDE} ${SIDE}">
  <defs>
    <linearGradient id="ground" x1="0" y1="0" x2="0" y2="1">
      <stop stop-color="#2d333b"/>
      <stop offset="1" stop-color="#15171a"/>
    </linearGradient>
    <linearGradient id="line" gradientUnits="userSpaceOnUse" x1="3" y1="3" x2="21" y2="21">
      <stop stop-color="#ffb78c"/>
      <stop offset="1" stop-color="#f0702c"/>
    </linearGradient>
    <linearGradient id="piece" gradientUnits="userSpaceOnUse" x1="12" y1="12" x2="21" y2="21">
      <stop stop-color="#ff9a5c"/>
      <stop offset="1" stop-color="#ea6420"/>
    </linearGradient>
  </defs>
  <rect width="${SIDE}" height="${SIDE}" rx="${corner}" fill="url(#ground)"/>
  <g transform="translate(${margin} ${margin}) scale(${scale})">${mark}
  </g>
</svg>
`;
}

const icon = drawing(112, 16.5);
const maskable = drawing(0, 15);
const touch = drawing(0, 16);

mkdirSync(folder, { recursive: true });
writeFileSync(`${folder}icon.svg`, icon);
const pictures: [file: string, svg: string, side: number][] = [
  ['icon-192.png', icon, 192],
  ['icon-512.png', icon, 512],
  ['maskable-192.png', maskable, 192],
  ['maskable-512.png', maskable, 512],
  ['apple-touch-icon.png', touch, 180],
];
for (const [file, svg, side] of pictures) {
  // Drawn at twice the size: librsvg's own edges are harder than the scaler's.
  const drawn = sharp(Buffer.from(svg), { density: (72 * side * 2) / SIDE }).resize(side, side);
  await drawn.png({ compressionLevel: 9 }).toFile(folder + file);
}
