// Lists the routes of openapi.json, each with its parameters, body and answers.
const make = (tag, text, cls) => {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (cls) made.className = cls;
  return made;
};
const METHODS = ["get", "put", "post", "patch", "delete"];
const LAST = ["documents", "health", "pages"];

for (const here of document.querySelectorAll(".here")) here.textContent = location.origin;

// Follow references as far as a reader wants to look.
function plain(schema, api, depth = 0) {
  if (Array.isArray(schema)) return schema.map((each) => plain(each, api, depth));
  if (schema === null || typeof schema !== "object") return schema;
  if (schema.$ref) {
    if (depth > 3) return schema.$ref.split("/").pop();
    return plain(schema.$ref.slice(2).split("/").reduce((found, name) => found?.[name], api), api, depth + 1);
  }
  return Object.fromEntries(Object.entries(schema).map(([name, each]) => [name, plain(each, api, depth)]));
}

function parameters(operation, api) {
  const table = make("table");
  for (const given of operation.parameters ?? []) {
    const parameter = plain(given, api), row = make("tr"), name = make("td");
    name.append(make("code", parameter.name), ` ${parameter.in}`);
    row.append(name, make("td", parameter.description ?? ""));
    table.append(row);
  }
  return table;
}

function operationItem(method, path, operation, api) {
  const item = make("details"), summary = make("summary");
  summary.append(make("span", method.toUpperCase(), "method"), make("code", path), ` ${operation.summary ?? ""}`);
  item.append(summary);
  item.addEventListener("toggle", () => {
    if (item.children.length > 1) return;
    if (operation.description) item.append(make("p", operation.description));
    if (operation.parameters?.length) item.append(parameters(operation, api));
    const body = operation.requestBody?.content?.["application/json"]?.schema;
    if (body) item.append(make("p", "Body"), make("pre", JSON.stringify(plain(body, api), null, 2)));
    const answers = make("table");
    for (const [status, answer] of Object.entries(operation.responses ?? {})) {
      const row = make("tr");
      row.append(make("td", status), make("td", plain(answer, api).description ?? ""));
      answers.append(row);
    }
    item.append(answers);
  });
  return item;
}

async function begin() {
  const shown = document.getElementById("operations");
  try {
    const api = await (await fetch("/openapi.json")).json();
    const tags = new Map();
    for (const [path, methods] of Object.entries(api.paths)) {
      for (const method of METHODS.filter((name) => methods[name])) {
        const tag = methods[method].tags?.[0] ?? "other";
        if (!tags.has(tag)) tags.set(tag, []);
        tags.get(tag).push(operationItem(method, path, methods[method], api));
      }
    }
    const ordered = [...tags].sort(([one], [other]) => LAST.includes(one) - LAST.includes(other));
    shown.replaceChildren(...ordered.flatMap(([tag, items]) => [make("h3", tag), ...items]));
  } catch {
    shown.replaceChildren(make("p", "The list cannot be made just now; openapi.json holds it all."));
  }
}

begin();
