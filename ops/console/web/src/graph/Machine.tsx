import { useResizeObserver } from '@mantine/hooks';
import { BaseEdge, Handle, MarkerType, Position, ReactFlow, type Edge, type EdgeProps, type Node, type NodeProps } from '@xyflow/react';
import { createContext, use, useEffect, useMemo, useRef } from 'react';

import type { Graph, Node as State, Step } from '../api';
import { stepTook, toneOf, words } from '../words';
import { along, NODE, placed, type Placed, type Point } from './layout';

type StateNode = Node<{ state: State; steps: Step[] }, 'state'>;
type Way = Edge<{ points: Point[]; says: string | null }, 'way'>;

const Selection = createContext<{ selected?: string; select: (state: string) => void }>({ select: () => {} });
const NODES = { state: StateBox };
const EDGES = { way: WayLine };
/** Smaller than that nobody can read it: it is scrolled instead. */
const SMALLEST = 0.72;
const LARGEST = 1.1;

interface Props {
  graph: Graph;
  steps: readonly Step[];
  selected: string | undefined;
  select: (state: string) => void;
}

/** The machine as a graph; what the execution went through stands out. */
export function Machine({ graph, steps, selected, select }: Props) {
  const layout = useMemo(() => placed(graph), [graph]);
  const nodes = useMemo(() => nodesOf(graph, steps, layout), [graph, steps, layout]);
  const edges = useMemo(() => edgesOf(graph, steps, layout), [graph, steps, layout]);
  const selection = useMemo(() => ({ ...(selected && { selected }), select }), [selected, select]);
  const view = useRef<HTMLDivElement>(null);
  const [whole, { width }] = useResizeObserver<HTMLDivElement>();
  const zoom = Math.min(width / layout.width, LARGEST);
  const viewport = { x: (width - layout.width * zoom) / 2, y: 0, zoom };
  useEffect(() => {
    const [box, at] = [view.current, selected && layout.nodes.get(selected)];
    if (box && at) box.scrollLeft = ((at.x + NODE.width / 2) / layout.width) * box.scrollWidth - box.clientWidth / 2;
  }, [width, layout, selected]);

  return (
    <div className="machine" ref={view}>
      <div ref={whole} style={{ aspectRatio: `${layout.width} / ${layout.height}`, minWidth: layout.width * SMALLEST, maxHeight: layout.height * LARGEST }}>
        <Selection value={selection}>
          {width > 0 && (
            <ReactFlow nodes={nodes} edges={edges} nodeTypes={NODES} edgeTypes={EDGES} viewport={viewport} minZoom={0.1}
              nodesDraggable={false} nodesConnectable={false} nodesFocusable={false} edgesFocusable={false}
              elementsSelectable={false} zoomOnScroll={false} zoomOnPinch={false} zoomOnDoubleClick={false} preventScrolling={false}
              panOnDrag={false} proOptions={{ hideAttribution: true }} aria-label="The machine" />
          )}
        </Selection>
      </div>
    </div>
  );
}

function StateBox({ data: { state, steps } }: NodeProps<StateNode>) {
  const { selected, select } = use(Selection);
  const last = steps.at(-1);
  const said = last ? `${words(last.status)}, ${stepTook(last)}` : 'not entered';
  return (
    <>
      <Handle type="target" position={Position.Top} />
      <button type="button" className="node nodrag nopan" data-type={state.type} data-tone={last && toneOf(last.status)}
        aria-pressed={selected === state.id} disabled={!last} onClick={() => select(state.id)}
        title={state.comment ?? undefined} aria-label={`${state.id}: ${said}`}>
        <span className="clip">{state.id}</span>
        {last && last.type !== 'Choice' && <small>{steps.length > 1 ? `×${steps.length}` : stepTook(last)}</small>}
      </button>
      <Handle type="source" position={Position.Bottom} />
    </>
  );
}

function WayLine({ id, data, markerEnd, style }: EdgeProps<Way>) {
  return (
    <g>
      {data?.says && <title>{data.says}</title>}
      <BaseEdge id={id} path={along(data?.points ?? [])} {...(markerEnd && { markerEnd })} {...(style && { style })} />
    </g>
  );
}

function nodesOf(graph: Graph, steps: readonly Step[], layout: Placed): StateNode[] {
  return graph.nodes.map((state) => ({
    id: state.id,
    type: 'state',
    position: layout.nodes.get(state.id)!,
    width: NODE.width,
    height: NODE.height,
    data: { state, steps: steps.filter((step) => step.state === state.id) },
  }));
}

function edgesOf(graph: Graph, steps: readonly Step[], layout: Placed): Way[] {
  const taken = new Set(steps.slice(1).map((step, at) => `${steps[at]!.state}\n${step.state}`));
  return graph.edges
    .map(({ source, target, label, kind }, at) => {
      const passed = taken.has(`${source}\n${target}`);
      const colour = passed ? 'var(--path)' : 'var(--way)';
      return {
        id: String(at),
        source,
        target,
        type: 'way' as const,
        data: { points: layout.edges[at]!, says: label },
        className: passed ? 'taken' : kind,
        zIndex: passed ? 1 : 0,
        ...(kind === 'catch' && { style: { strokeDasharray: '4 3' } }),
        markerEnd: { type: MarkerType.ArrowClosed, color: colour, width: 14, height: 14 },
      };
    })
    .sort((one, other) => one.zIndex - other.zIndex);
}
