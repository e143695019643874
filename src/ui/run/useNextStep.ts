/** What is still missing before a result, for first-time users. */
import { toolOf } from '../../editor/store';
import { nextStep } from '../../state/session/readiness';
import { useEditor, useModelState, useSettings } from '../base/context';
import { useHostedState } from '../hosted/useHosted';

export function useNextStep(): ReturnType<typeof nextStep> {
  const isOpening = useEditor((state) => state.opening !== null);
  const hasPicture = useEditor((state) => state.picture !== null);
  const hasMask = useEditor((state) => state.maskBounds.width > 0);
  const isSelecting = useEditor((state) => toolOf(state.tool).asksAssistant === true);
  const modelName = useSettings((state) => state.model_name);
  const models = useModelState((state) => state);
  const hosted = useHostedState((state) => state);
  return nextStep({ isOpening, hasPicture, hasMask, isSelecting, modelName, models, hosted });
}
