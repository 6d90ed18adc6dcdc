import dagre from '@dagrejs/dagre';

import type { Graph } from '../api';

export const NODE = { width: 196, height: 34 };
const MARGIN = 14;

export interface Point {
  x: number;
  y: number;
}

export interface Placed {
  width: number;
  height: number;
  /** The upper left corner of each state. */
  nodes: Map<string, Point>;
  /** The way of each edge, around the states, in the graph's order. */
  edges: Point[][];
}

/** Places the states from top to bottom. */
export function placed({ nodes, edges }: Graph): Placed {
  const drawing = new dagre.graphlib.Graph({ multigraph: true })
    .setGraph({ rankdir: 'TB', nodesep: 22, ranksep: 32, edgesep: 16, marginx: MARGIN, marginy: MARGIN })
    .setDefaultEdgeLabel(() => ({}));
  for (const { id } of nodes) drawing.setNode(id, { ...NODE });
  edges.forEach(({ source, target }, at) => drawing.setEdge(source, target, {}, String(at)));
  dagre.layout(drawing);

  const ways = edges.map(({ source, target }, at) => drawing.edge(source, target, String(at)).points as Point[]);
  // An edge may lead around states beyond the leftmost of them: it belongs to the picture, too.
  const { width = 0, height = 0 } = drawing.graph();
  const across = ways.flat().map(({ x }) => x);
  const left = Math.min(0, ...across.map((x) => x - MARGIN));
  const right = Math.max(width, ...across.map((x) => x + MARGIN));
  const moved = ({ x, y }: Point): Point => ({ x: x - left, y });
  const corner = (id: string): Point => {
    const { x, y } = drawing.node(id);
    return moved({ x: x - NODE.width / 2, y: y - NODE.height / 2 });
  };
  return {
    width: right - left,
    height,
    nodes: new Map(nodes.map(({ id }) => [id, corner(id)])),
    edges: ways.map((points) => points.map(moved)),
  };
}

/** An SVG path along points, its corners rounded off. */
export function along(points: readonly Point[]): string {
  const [first, ...rest] = points;
  const last = rest.pop();
  if (!first || !last) return '';
  const bends = rest.map((point, at) => {
    const next = rest[at + 1] ?? last;
    return `Q ${point.x} ${point.y} ${(point.x + next.x) / 2} ${(point.y + next.y) / 2}`;
  });
  return `M ${first.x} ${first.y} ${bends.join(' ')} L ${last.x} ${last.y}`;
}
