/**
 * Below the picture: the options of the tool in hand, the zoom, and the mask's menus; where room is short, in their place what
 * can be done with a result, as long as one is looked at and the mask steps back.
 */
import { Maximize, Minus, Plus } from 'lucide-react';
import { useEditor, useSession } from '../base/context';
import { usePhone, useTight } from '../base/useNarrow';
import { IconButton } from '../controls/IconButton';
import { Tooltip } from '../controls/Tooltip';
import { MaskAppearanceMenu } from '../mask/MaskAppearanceMenu';
import { MaskMenu } from '../mask/MaskMenu';
import { ToolOptions } from '../mask/ToolOptions';
import { InvertButton } from '../mask/ToolRail';
import { actualSize, zoomBy } from '../mask/toolActions';
import { keysOf } from '../page/commands';
import { AdjustButtons, AdjustOptions, type AdjustProps } from './Adjust';
import { useComparison } from './comparison';
import { ResultActions } from './ResultActions';
import './stageBar.css';

export function StageBar(adjust: AdjustProps) {
  const { editor } = useSession();
  const scale = useEditor((state) => state.view.scale);
  const phone = usePhone();
  const tight = useTight();
  const { shown } = useComparison();
  const ready = useEditor((state) => state.picture !== null);
  const percent = Math.round(scale * window.devicePixelRatio * 100);
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
          {phone && <InvertButton side="top" label="Invert" />}
          <AdjustButtons {...adjust} />
        </div>
      )}
      {adjust.adjusting ? <AdjustOptions {...adjust} /> : <ToolOptions />}
      <div className="bar-group zoom">
        <span className="wide">
          <IconButton
            name="Zoom out"
            icon={Minus}
            keys={keysOf('zoomOut')}
            side="top"
            disabled={!ready}
            onPress={() => zoomBy(editor, 'out')}
          />
          <Tooltip text="One picture pixel on one screen pixel" keys={keysOf('actualSize')} side="top">
            <button
              type="button"
              className="zoom-value"
              aria-label={`Actual size, now at ${percent} %`}
              disabled={!ready}
              onClick={() => actualSize(editor)}
            >
              <output className="tabular">{percent} %</output>
            </button>
          </Tooltip>
          <IconButton
            name="Zoom in"
            icon={Plus}
            keys={keysOf('zoomIn')}
            side="top"
            disabled={!ready}
            onPress={() => zoomBy(editor, 'in')}
          />
        </span>
        <IconButton
          name="Fit"
          icon={Maximize}
          keys={keysOf('fit')}
          side="top"
          disabled={!ready}
          onPress={editor.fit}
        />
      </div>
    </div>
  );
}
