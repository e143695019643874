/** A slider with its label and value, in the stage bar and its popovers. */
import { Slider } from 'radix-ui';
import './barSlider.css';

export interface BarSliderProps {
  label: string;
  /** The accessible name. */
  name: string;
  min: number;
  max: number;
  step?: number;
  value: number;
  /** The value as it is displayed. */
  text: string;
  onChange(value: number): void;
}

export function BarSlider({ label, name, min, max, step = 1, value, text, onChange }: BarSliderProps) {
  return (
    <div className="bar-slider">
      <span className="bar-label">{label}</span>
      <Slider.Root
        className="slider"
        min={min}
        max={max}
        step={step}
        value={[value]}
        onValueChange={([next = min]) => onChange(next)}
      >
        <Slider.Track className="slider-track">
          <Slider.Range className="slider-range" />
        </Slider.Track>
        <Slider.Thumb className="slider-thumb" aria-label={name} aria-valuetext={text} />
      </Slider.Root>
      <output className="tabular">{text}</output>
    </div>
  );
}
