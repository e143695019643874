/** What the options of all tools are set to: fields of the editor's store. */
import { clamp } from '../../image/geometry';
import { type ToolId, tools } from './index';
import type { NumberOption, Tool, ToolOption, ValueOf, ValueOption } from './tool';

type Row = Extract<(typeof tools)[number]['options'][number], { field: string }>;

/** One field for each row of the tools' options. */
export type ToolSettings = { -readonly [Each in Row as Each['field']]: ValueOf<Each> };

/** The tool with this id. */
export function toolOf(id: ToolId): Tool & { id: ToolId } {
  const found = tools.find((tool) => tool.id === id);
  if (!found) throw new RangeError(`no tool is called ${id}`);
  return found;
}

const hasValue = (row: ToolOption): row is ValueOption => row.kind !== 'button';
const rows = tools.flatMap((tool: Tool) => tool.options.filter(hasValue));

/** The default of every row. */
export const toolDefaults = Object.fromEntries(
  rows.map((row) => [row.field, row.default]),
) as unknown as ToolSettings;

/** Number rows by field. Rows that tools share appear once. */
export const numberOptions: ReadonlyMap<string, NumberOption> = new Map(
  rows.flatMap((row) => (row.kind === 'number' ? [[row.field, row] as const] : [])),
);

/** A value within its row's range; whole where the row's steps are. */
export function inRange({ min, max, step }: NumberOption, value: number): number {
  return clamp(Number.isInteger(step) ? Math.round(value) : value, min, max);
}
