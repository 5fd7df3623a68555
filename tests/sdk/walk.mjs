// The walk of a fine-tuning job by OpenAI's own SDK for Node: BASE_URL and DATA (a JSONL file) in the environment.
// Prints one JSON object with what each call answered; what must hold of it stands in test_node.py.
import fs from 'node:fs';
import OpenAI from 'openai';

const client = new OpenAI({ apiKey: 'trainer-node', baseURL: process.env.BASE_URL, maxRetries: 0 });
const answers = {};
const keep = async (name, call) => (answers[name] = await call);
const all = async (pages) => { const items = []; for await (const item of pages) items.push(item); return items; };
const refused = (call) => call.then(() => null, (error) => ({
  name: error.constructor.name, status: error.status, code: error.code, param: error.param, message: error.message,
}));

// a stream has no length: fetch sends it in chunks
const file = await keep('file', client.files.create({ file: fs.createReadStream(process.env.DATA), purpose: 'fine-tune' }));
await keep('files', all(client.files.list({ purpose: 'fine-tune', limit: 1 })));
await keep('fileAgain', client.files.retrieve(file.id));
await keep('content', client.files.content(file.id).then((response) => response.text()));
const unused = await client.files.create({
  file: await OpenAI.toFile(Buffer.from(fs.readFileSync(process.env.DATA)), 'unused.jsonl'), purpose: 'fine-tune',
});
await keep('deletedFile', client.files.delete(unused.id));
await keep('noFile', refused(client.files.retrieve(unused.id)));

const order = (suffix) => client.fineTuning.jobs.create({
  model: 'sim-small', training_file: file.id, suffix, seed: 7, metadata: { desk: suffix },
  method: { type: 'supervised', supervised: { hyperparameters: { n_epochs: 2 } } },
});
const other = await order('other');
await keep('paused', client.fineTuning.jobs.pause(other.id));
await keep('resumed', client.fineTuning.jobs.resume(other.id));
await keep('cancelled', client.fineTuning.jobs.cancel(other.id));
const job = await keep('job', order('node'));
await keep('jobs', all(client.fineTuning.jobs.list({ limit: 1 })));
await keep('jobsByTag', all(client.fineTuning.jobs.list({ metadata: { desk: 'node' } })));

const deadline = Date.now() + 60_000;
let ended = job;
while (!ended.finished_at && Date.now() < deadline) {
  ended = await client.fineTuning.jobs.retrieve(job.id);
  await new Promise((wake) => setTimeout(wake, 100));
}
answers.ended = ended;
await keep('events', all(client.fineTuning.jobs.listEvents(job.id, { limit: 5 })));
await keep('checkpoints', all(client.fineTuning.jobs.checkpoints.list(job.id, { limit: 1 })));
await keep('results', client.files.content(ended.result_files[0]).then((response) => response.text()));

const question = { model: ended.fine_tuned_model, messages: [{ role: 'user', content: '첫눈이 왔나요?' }] };
let model; // a tuned model warms up after its job's end
do {
  model = await refused(client.models.retrieve(ended.fine_tuned_model));
} while (model && model.status === 404 && Date.now() < deadline);
await keep('models', all(client.models.list()));
await keep('chat', client.chat.completions.create(question));
const stream = await client.chat.completions.create({ ...question, stream: true });
answers.streamed = (await all(stream)).map((chunk) => chunk.choices[0]?.delta?.content ?? '').join('');
await keep('deletedModel', client.models.delete(ended.fine_tuned_model));
await keep('noModel', refused(client.chat.completions.create(question)));
await keep('noKey', refused(new OpenAI({ apiKey: 'sk-x', baseURL: process.env.BASE_URL, maxRetries: 0 }).models.list()));
await keep('badOrder', refused(client.fineTuning.jobs.create({ model: 'sim-small', training_file: 'file-none' })));

console.log(JSON.stringify(answers));
