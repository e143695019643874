/** The tools that touch the mask. */
import { Brush, Contrast, Eraser, type LucideIcon, Trash2 } from 'lucide-react';
import type { Tool } from '../editor/store';
import { useEditor, useSession } from './context';
import { IconButton } from './IconButton';

const tools: readonly { tool: Tool; name: string; icon: LucideIcon; keys: string; tip: string }[] = [
  { tool: 'brush', name: 'Brush', icon: Brush, keys: 'B', tip: 'Brush: paint what should change' },
  { tool: 'eraser', name: 'Eraser', icon: Eraser, keys: 'E', tip: 'Eraser: take the mask away' },
];

export function ToolRail() {
  const { editor } = useSession();
  const active = useEditor((state) => state.tool);
  const hasPicture = useEditor((state) => state.picture !== null);
  const hasMask = useEditor((state) => state.maskBounds.width > 0);
  return (
    <nav className="rail" aria-label="Mask tools">
      {tools.map(({ tool, name, icon, keys, tip }) => (
        <IconButton
          key={tool}
          name={name}
          icon={icon}
          keys={keys}
          tip={tip}
          side="right"
          pressed={active === tool}
          onPress={() => editor.setTool(tool)}
        />
      ))}
      <hr />
      <IconButton
        name="Invert mask"
        icon={Contrast}
        side="right"
        disabled={!hasPicture}
        onPress={editor.invert}
      />
      <IconButton name="Clear mask" icon={Trash2} side="right" disabled={!hasMask} onPress={editor.clear} />
    </nav>
  );
}
