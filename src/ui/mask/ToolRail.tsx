/** The tools that touch the mask. */
import {
  Brush,
  Circle,
  Contrast,
  Eraser,
  Lasso,
  type LucideIcon,
  PaintBucket,
  Pentagon,
  RectangleHorizontal,
  Trash2,
  WandSparkles,
} from 'lucide-react';
import { useEffect, useRef } from 'react';
import type { Tool } from '../../editor/store';
import { useEditor, useSession } from '../base/context';
import { usePhone } from '../base/useNarrow';
import { IconButton, type IconButtonProps } from '../controls/IconButton';
import { keysOf } from '../page/commands';
import './toolRail.css';

const tools: readonly { tool: Tool; name: string; icon: LucideIcon; tip: string }[] = [
  { tool: 'brush', name: 'Brush', icon: Brush, tip: 'Brush: paint what should change' },
  { tool: 'eraser', name: 'Eraser', icon: Eraser, tip: 'Eraser: take the mask away' },
  { tool: 'lasso', name: 'Lasso', icon: Lasso, tip: 'Lasso: draw around it' },
  { tool: 'rectangle', name: 'Rectangle', icon: RectangleHorizontal, tip: 'Rectangle: drag its corners' },
  { tool: 'ellipse', name: 'Ellipse', icon: Circle, tip: 'Ellipse: drag its corners' },
  { tool: 'polygon', name: 'Polygon', icon: Pentagon, tip: 'Polygon: press corner after corner' },
  { tool: 'wand', name: 'Magic wand', icon: WandSparkles, tip: 'Magic wand: press a colour' },
];

/** Among the tools; on a phone, where each of them is to have a finger's width, in the bar above. */
export function InvertButton({ side, label }: Pick<IconButtonProps, 'side' | 'label'>) {
  const { editor } = useSession();
  const hasPicture = useEditor((state) => state.picture !== null);
  return (
    <IconButton
      name="Invert mask"
      label={label}
      icon={Contrast}
      keys={keysOf('invert')}
      side={side}
      disabled={!hasPicture}
      onPress={editor.invert}
    />
  );
}

export function ToolRail() {
  const { editor } = useSession();
  const phone = usePhone();
  const active = useEditor((state) => state.tool);
  const hasPicture = useEditor((state) => state.picture !== null);
  const hasMask = useEditor((state) => state.maskBounds.width > 0);
  const rail = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a tool taken by key scrolls into sight
  useEffect(() => {
    rail.current
      ?.querySelector('[aria-pressed=true]')
      ?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [active]);
  return (
    <nav ref={rail} className="rail" aria-label="Mask tools">
      {tools.map(({ tool, name, icon, tip }) => (
        <IconButton
          key={tool}
          name={name}
          icon={icon}
          keys={keysOf(tool)}
          tip={tip}
          side="right"
          pressed={active === tool}
          onPress={() => editor.setTool(tool)}
        />
      ))}
      <hr />
      <span className="wide">
        <IconButton
          name="Mask everything"
          icon={PaintBucket}
          keys={keysOf('fill')}
          side="right"
          disabled={!hasPicture}
          onPress={editor.fill}
        />
      </span>
      {!phone && <InvertButton side="right" />}
      <IconButton
        name="Clear mask"
        icon={Trash2}
        keys={keysOf('clear')}
        side="right"
        disabled={!hasMask}
        onPress={editor.clear}
      />
    </nav>
  );
}
