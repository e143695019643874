/** Adjusting the frame that is sent to the model: handles on the stage, numbers in its bar. */
import { Check, RotateCcw } from 'lucide-react';
import { useEffect } from 'react';
import { dragFrame, edgeHandles, frameRange, frameWith } from '../../editor/document/adjusting';
import type { Rect, Size } from '../../editor/store';
import { useSession } from '../base/context';
import { IconButton } from '../controls/IconButton';
import { Handles } from './Handles';
import { PixelInput } from './PixelInput';

export function FrameHandles({ picture, frame }: { picture: Size; frame: Rect }) {
  const { moveFrame, endFrame } = useSession().editor;
  // If it is taken away in the middle of a drag, the frame stays where it is.
  useEffect(() => endFrame, [endFrame]);
  return (
    <Handles
      name="Frame"
      box={frame}
      handles={['move', ...edgeHandles]}
      onDrag={(handle, by, start) => moveFrame(dragFrame(picture, start, handle, by))}
      onEnd={endFrame}
    />
  );
}

/** @param frame null while nothing is painted */
export function FrameOptions({ picture, frame }: { picture: Size; frame: Rect | null }) {
  const { moveFrame, endFrame, setAdjusting } = useSession().editor;
  return (
    <div className="tool-options" role="toolbar" aria-label="Frame">
      {frame &&
        (['x', 'y', 'width', 'height'] as const).map((part) => (
          <PixelInput
            key={part}
            label={{ x: 'X', y: 'Y', width: 'W', height: 'H' }[part]}
            name={`Frame ${part}`}
            value={frame[part]}
            {...frameRange(picture, part)}
            onChange={(value) => moveFrame(frameWith(picture, frame, { [part]: value }))}
            onEnd={endFrame}
          />
        ))}
      <IconButton
        name="Reset to the automatic frame"
        label="Reset"
        icon={RotateCcw}
        side="top"
        onPress={() => {
          moveFrame(null);
          endFrame();
        }}
      />
      <IconButton name="Done" label="Done" icon={Check} side="top" onPress={() => setAdjusting(null)} />
    </div>
  );
}
