/** Below the picture: the options of the tool in hand, and the zoom. */
import { Maximize, Minus, Plus } from 'lucide-react';
import { Slider } from 'radix-ui';
import { MAX_BRUSH, MIN_BRUSH } from '../editor/store';
import { useEditor, useSession } from './context';
import { IconButton } from './IconButton';

const ZOOM_FACTOR = 1.25;
/** The slider runs over the logarithm: as fine for small brushes as for large ones. */
const SLIDER_STEPS = 100;
const toSlider = (size: number) =>
  (Math.log(size / MIN_BRUSH) / Math.log(MAX_BRUSH / MIN_BRUSH)) * SLIDER_STEPS;
const fromSlider = (value: number) => MIN_BRUSH * (MAX_BRUSH / MIN_BRUSH) ** (value / SLIDER_STEPS);

export function StageBar() {
  const { editor } = useSession();
  const brushSize = useEditor((state) => state.brushSize);
  const scale = useEditor((state) => state.view.scale);
  const ready = useEditor((state) => state.picture !== null);
  const zoom = (factor: number) => editor.zoomTo(editor.store.getState().view.scale * factor);
  return (
    <div className="stage-bar">
      <div className="brush-size">
        <span id="brush-size">Size</span>
        <Slider.Root
          className="slider"
          min={0}
          max={SLIDER_STEPS}
          step={1}
          value={[Math.round(toSlider(brushSize))]}
          onValueChange={([value = 0]) => editor.setBrushSize(fromSlider(value))}
        >
          <Slider.Track className="slider-track">
            <Slider.Range className="slider-range" />
          </Slider.Track>
          <Slider.Thumb
            className="slider-thumb"
            aria-label="Size of the brush"
            aria-valuetext={`${brushSize} pixels`}
          />
        </Slider.Root>
        <output className="tabular">{brushSize} px</output>
      </div>
      <div className="zoom">
        <IconButton
          name="Zoom out"
          icon={Minus}
          keys="−"
          side="top"
          disabled={!ready}
          onPress={() => zoom(1 / ZOOM_FACTOR)}
        />
        <output className="tabular">{Math.round(scale * 100)} %</output>
        <IconButton
          name="Zoom in"
          icon={Plus}
          keys="+"
          side="top"
          disabled={!ready}
          onPress={() => zoom(ZOOM_FACTOR)}
        />
        <IconButton name="Fit" icon={Maximize} keys="0" side="top" disabled={!ready} onPress={editor.fit} />
      </div>
    </div>
  );
}
