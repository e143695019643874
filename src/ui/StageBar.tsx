/** Below the picture: the options of the tool in hand, the mask's menus, and the zoom. */
import { Maximize, Minus, Plus } from 'lucide-react';
import { AdjustButtons, AdjustOptions, type AdjustProps } from './Adjust';
import { keysOf } from './commands';
import { useEditor, useSession } from './context';
import { IconButton } from './IconButton';
import { LookMenu } from './LookMenu';
import { MaskMenu } from './MaskMenu';
import { Tip } from './Tip';
import { ToolOptions } from './ToolOptions';
import { InvertButton } from './ToolRail';
import { actualSize, zoomBy } from './toolActions';
import { usePhone } from './useNarrow';

export function StageBar(adjust: AdjustProps) {
  const { editor } = useSession();
  const scale = useEditor((state) => state.view.scale);
  const phone = usePhone();
  const ready = useEditor((state) => state.picture !== null);
  const percent = Math.round(scale * window.devicePixelRatio * 100);
  return (
    <div className="stage-bar">
      <div className="bar-group">
        <MaskMenu />
        <LookMenu />
        {phone && <InvertButton side="top" />}
        <AdjustButtons {...adjust} />
      </div>
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
          <Tip text="One picture pixel on one screen pixel" keys={keysOf('actualSize')} side="top">
            <button
              type="button"
              className="zoom-value"
              aria-label={`Actual size, now at ${percent} %`}
              disabled={!ready}
              onClick={() => actualSize(editor)}
            >
              <output className="tabular">{percent} %</output>
            </button>
          </Tip>
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
