// Owns the panel of tasks and handoffs that the swarm reported besides its entries.
// Does not guess tasks from keys. It appears only when there are any.

import { memo } from "react";
import type { Task } from "../../client/index.ts";
import { Ago } from "../parts/ago.tsx";
import { AgentText } from "../parts/agent-text.tsx";
import { Panel } from "../parts/panel.tsx";
import { useSlices } from "../parts/show-more.tsx";

const TASKS_SLICE = 50;

const TaskItem = memo(function TaskItem({ task }: { readonly task: Task }) {
  return (
    <li className="task">
      <AgentText className="task-name" text={task.task} />
      {task.status !== undefined && <AgentText className="task-status" text={task.status} />}
      <Ago atMs={task.at} label="Last change" />
    </li>
  );
});

export const TasksPanel = memo(function TasksPanel({ tasks }: { readonly tasks: readonly Task[] }) {
  const { shown, more } = useSlices(tasks.length, TASKS_SLICE);
  if (tasks.length === 0) return null;
  return (
    <Panel id="tasks" title="Tasks and handoffs" count={tasks.length}>
      <ul className="tasks">
        {tasks.slice(0, shown).map((task) => (
          <TaskItem key={task.task} task={task} />
        ))}
      </ul>
      {more}
    </Panel>
  );
});
