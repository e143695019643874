/** Every entry point that is fuzzed. */
import type { Target } from '../target';
import { checkpointTargets } from './checkpoints';
import { configurationTargets } from './configurations';
import { messageTargets } from './messages';
import { pictureTargets } from './pictures';
import { recordTargets } from './records';
import { serverTargets } from './server';
import { wordTargets } from './words';

export const targets: readonly Target[] = [
  ...checkpointTargets,
  ...configurationTargets,
  ...wordTargets,
  ...pictureTargets,
  ...messageTargets,
  ...recordTargets,
  ...serverTargets,
];
