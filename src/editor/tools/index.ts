/** The tools, in the order of their buttons. A new tool is its file and its row here. */
import { brush } from './brush';
import { ellipse } from './ellipse';
import { eraser } from './eraser';
import { lasso } from './lasso';
import { polygon } from './polygon';
import { rectangle } from './rectangle';
import { selectObject } from './selectObject';
import type { Operation } from './tool';
import { colourSelection, wand } from './wand';

export const tools = [brush, eraser, lasso, rectangle, ellipse, polygon, wand, selectObject] as const;

/**
 * The operations of the tools above, for the mask worker. They are listed again, so that the worker's file holds their
 * arithmetic but no icons.
 */
export const operations: readonly Operation<never>[] = [colourSelection];

export type ToolId = (typeof tools)[number]['id'];
