/**
 * Below the image: the mask's menus, the options of the current tool and the zoom. Where room is short, what can be done
 * with a result takes the place of the mask's menus while one is shown.
 */
import { useEditor } from '../base/context';
import { usePhone, useTight, useTiny } from '../base/useNarrow';
import { CommandButton } from '../commands/CommandButton';
import { useCommand } from '../commands/useCommand';
import { Tooltip } from '../controls/Tooltip';
import { MaskAppearanceMenu } from '../mask/MaskAppearanceMenu';
import { MaskMenu } from '../mask/MaskMenu';
import { ToolOptions } from '../mask/ToolOptions';
import { type AdjustingProps, AdjustOptions, useAdjusting } from './Adjusting';
import { useComparison } from './result/comparison';
import { ResultActions } from './result/ResultActions';
import './stageBar.css';

export function StageBar({ frame }: AdjustingProps) {
  const phone = usePhone();
  const tiny = useTiny();
  const tight = useTight();
  const { shown } = useComparison();
  const adjusting = useAdjusting();
  return (
    <div className="stage-bar">
      {shown && tight ? (
        <div key="result" className="bar-group">
          <ResultActions version={shown} />
        </div>
      ) : (
        <div key="mask" className="bar-group">
          <MaskMenu />
          <MaskAppearanceMenu />
          {phone && <CommandButton id="invert" side="top" hasWord />}
          {phone && !tiny && <CommandButton id="clear" side="top" hasWord />}
          <CommandButton id="frame" side="top" hasWord />
          <CommandButton id="canvas" side="top" hasWord />
        </div>
      )}
      {adjusting ? <AdjustOptions frame={frame} /> : <ToolOptions />}
      <div className="bar-group zoom">
        <span className="wide">
          <CommandButton id="zoomOut" side="top" />
          <ZoomValue />
          <CommandButton id="zoomIn" side="top" />
        </span>
        <CommandButton id="fit" side="top" />
      </div>
    </div>
  );
}

/** The zoom in percent of actual size, and the button that goes there. */
function ZoomValue() {
  const scale = useEditor((state) => state.view.scale);
  const { tip, keys, isEnabled, run } = useCommand('actualSize');
  const percent = Math.round(scale * window.devicePixelRatio * 100);
  return (
    <Tooltip text={tip} keys={keys} side="top">
      <button
        type="button"
        className="zoom-value"
        aria-label={`Actual size, now at ${percent} %`}
        disabled={!isEnabled}
        onClick={run}
      >
        <output className="tabular">{percent} %</output>
      </button>
    </Tooltip>
  );
}
