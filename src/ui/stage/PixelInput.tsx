/** A number of pixels in the stage's bar. */
import { useState } from 'react';

interface PixelInputProps {
  label: string;
  /** The accessible name. */
  name: string;
  value: number;
  min: number;
  max: number;
  onChange(value: number): void;
  /** When typing has ended. */
  onEnd?(): void;
}

export function PixelInput({ label, name, value, min, max, onChange, onEnd }: PixelInputProps) {
  /** The text while typing: on the way to 300 a 3, which no frame can have as its width. */
  const [typed, setTyped] = useState<string | null>(null);
  const end = () => {
    setTyped(null);
    onEnd?.();
  };
  return (
    <label className="pixel-input">
      <span aria-hidden>{label}</span>
      <input
        type="number"
        inputMode="numeric"
        className="tabular"
        aria-label={name}
        step={8}
        min={min}
        max={max}
        value={typed ?? value}
        onChange={({ target }) => {
          setTyped(target.value);
          if (Number.isFinite(target.valueAsNumber)) onChange(Math.round(target.valueAsNumber));
        }}
        onBlur={end}
        onKeyDown={({ key }) => key === 'Enter' && end()}
      />
    </label>
  );
}
