/** Extending the canvas beyond the image: handles on the stage, numbers in its bar. */
import { Check, X } from 'lucide-react';
import { useLayoutEffect, useState } from 'react';
import {
  canvasBox,
  dragCanvas,
  edgeHandles,
  MAX_MARGIN,
  type Margins,
  marginsWith,
} from '../../editor/document/adjusting';
import type { Rect, Size } from '../../editor/store';
import { useSession } from '../base/context';
import { IconButton } from '../controls/IconButton';
import { Handles } from './Handles';
import { PixelInput } from './PixelInput';

export interface CanvasProps {
  picture: Size;
  /** How much is added on each side, in image pixels. */
  margins: Margins;
}

export function CanvasHandles({ picture, margins }: CanvasProps) {
  const { setAdjusting } = useSession().editor;
  const box = canvasBox(picture, margins);
  const [isHeld, setHeld] = useState(false);
  useRoomAround(box, isHeld);
  return (
    <Handles
      name="Canvas"
      box={box}
      handles={edgeHandles}
      onHold={setHeld}
      onDrag={(handle, by, start) =>
        setAdjusting({ what: 'canvas', margins: dragCanvas(picture, start, handle, by) })
      }
    />
  );
}

export function CanvasOptions({ picture, margins }: CanvasProps) {
  const session = useSession();
  const { setAdjusting } = session.editor;
  const isExtended = Object.values(margins).some((margin) => margin > 0);
  return (
    <div className="tool-options" role="toolbar" aria-label="Extend the canvas">
      {(['left', 'top', 'right', 'bottom'] as const).map((side) => (
        <PixelInput
          key={side}
          label={{ left: '←', top: '↑', right: '→', bottom: '↓' }[side]}
          name={`Extend ${side}`}
          value={margins[side]}
          min={0}
          max={MAX_MARGIN}
          onChange={(value) =>
            setAdjusting({ what: 'canvas', margins: marginsWith(picture, margins, { [side]: value }) })
          }
        />
      ))}
      <IconButton
        name="Apply"
        label="Apply"
        icon={Check}
        side="top"
        disabled={!isExtended}
        onPress={() => {
          setAdjusting(null);
          void session.outpaint(margins);
        }}
      />
      <IconButton name="Cancel" label="Cancel" icon={X} side="top" onPress={() => setAdjusting(null)} />
    </div>
  );
}

/** Share of the canvas's larger side that is kept free around it, for its edges to be dragged into. */
const ROOM = 0.12;

/** Keeps the whole canvas in sight, with room around it, while it is being extended; then the view is as before. */
function useRoomAround({ x, y, width, height }: Rect, isHeld: boolean): void {
  const { editor } = useSession();
  useLayoutEffect(() => {
    const { fitted } = editor.store.getState();
    return () => {
      if (fitted) editor.fit();
    };
  }, [editor]);
  useLayoutEffect(() => {
    // While a handle is held the view stays: it would slip from under the pointer.
    if (isHeld) return;
    const room = Math.round(Math.max(width, height) * ROOM);
    editor.reveal({ x: x - room, y: y - room, width: width + 2 * room, height: height + 2 * room });
  }, [editor, isHeld, x, y, width, height]);
}
