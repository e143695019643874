/** The tools and the commands for the mask as a whole. */
import { useEffect, useRef } from 'react';
import { tools } from '../../editor/store';
import { useEditor } from '../base/context';
import { usePhone, useTiny } from '../base/useNarrow';
import { CommandButton } from '../commands/CommandButton';
import './toolRail.css';

export function ToolRail() {
  // On a phone, where each tool needs a finger's width, these two are in the stage's bar.
  const phone = usePhone();
  const tiny = useTiny();
  const active = useEditor((state) => state.tool);
  const rail = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a tool taken up by key scrolls into sight
  useEffect(() => {
    rail.current
      ?.querySelector('[aria-pressed=true]')
      ?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [active]);
  return (
    <nav ref={rail} className="rail fades-sideways" aria-label="Mask tools">
      {tools.map(({ id }) => (
        <CommandButton key={id} id={id} side="right" />
      ))}
      <hr />
      <span className="wide">
        <CommandButton id="fill" side="right" />
      </span>
      {!phone && <CommandButton id="invert" side="right" />}
      {(!phone || tiny) && <CommandButton id="clear" side="right" />}
    </nav>
  );
}
