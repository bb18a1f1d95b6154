// Runs state machines in aws-local-stepfunctions: a JSON array on standard input, one of executions on standard output.
// Each has definition, input, context, and by task the answers of its calls, attempt by attempt, as a mock
// configuration file has them. Waits and pauses before a retry are left out.

// Node.js 22 has it, 20 has not.
Promise.withResolvers ??= function () {
  const all = {};
  all.promise = new Promise((resolve, reject) => Object.assign(all, { resolve, reject }));
  return all;
};

const { StateMachine } = await import("aws-local-stepfunctions");

const ofType = (states, type) =>
  Object.entries(states).flatMap(([name, state]) => [
    ...(state.Type === type ? [name] : []),
    ...ofType(state.ItemProcessor?.States ?? {}, type),
  ]);

const all = (names, value) => Object.fromEntries(names.map((name) => [name, value]));

function handler(name, answers, sent) {
  // A scenario's answers count the attempts of one visit, so each visit of another item begins anew.
  const attempts = new Map();
  return async (input) => {
    sent.push({ state: name, input });
    const item = JSON.stringify(input);
    const attempt = attempts.get(item) ?? 0;
    attempts.set(item, attempt + 1);
    const { Return: result, Throw: fault } = answers[attempt] ?? {};
    if (result !== undefined) return result;
    const error = new Error(fault?.Cause ?? `no answer for attempt ${attempt} of ${name}`);
    error.name = fault?.Error ?? "NoAnswer";
    throw error;
  };
}

async function run({ definition, input, context, answers }) {
  const sent = [];
  const tasks = ofType(definition.States, "Task");
  const machine = new StateMachine(definition, { validationOptions: { noValidate: true } }); // make audit validates
  const execution = machine.run(input, {
    context,
    overrides: {
      taskResourceLocalHandlers: Object.fromEntries(tasks.map((name) => [name, handler(name, answers[name] ?? [], sent)])),
      waitTimeOverrides: all(ofType(definition.States, "Wait"), 0),
      retryIntervalOverrides: all(tasks, 0),
    },
  });
  execution.result.catch(() => {}); // the last event tells
  const events = [];
  for await (const event of execution.eventLogs) events.push(event);
  return { events, sent };
}

let text = "";
for await (const chunk of process.stdin) text += chunk;
console.log(JSON.stringify(await Promise.all(JSON.parse(text).map(run))));
