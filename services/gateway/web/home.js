// The live front page: reads the campaigns, then follows the two public streams and reads again what moved.
const at = (id) => document.getElementById(id);
const number = new Intl.NumberFormat("en-GB");
const pounds = new Intl.NumberFormat("en-GB", { style: "currency", currency: "GBP", maximumFractionDigits: 0 });
const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium", timeZone: "Europe/London" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "Europe/London" });
const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
const TYPES = {
  events: ["CampaignLaunched", "CampaignClosed", "PartnerJoined", "EventPublished", "EventChanged", "EventCancelled",
    "RegistrationsChanged", "EventHidden"],
  pledges: ["NeedOpened", "NeedChanged", "NeedClosed", "PledgeMade", "PledgeChanged", "PledgeDelivered",
    "PledgeWithdrawn"],
};
const SHOWN = 6, LINES = 9, AGAIN_MS = 1000;
const campaigns = new Map(); // id -> aggregate
const moved = new Set(); // ids of campaigns to be read again
const words = { wards: new Map(), kinds: new Map() };
let reading = false;

function make(tag, text, cls) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (cls) made.className = cls;
  return made;
}

async function read(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

const amount = (quantity, unit) => unit === "pence" ? pounds.format(quantity / 100) : `${number.format(quantity)} ${unit}`;
const ward = (slug) => words.wards.get(slug) ?? slug;
const live = () => [...campaigns.values()].filter((each) => each.campaign.status === "live");

function fill(id, items, none) {
  at(id).replaceChildren(...(items.length ? items : [make("li", none, "empty")]));
}

function count(element, target) {
  const from = Number(element.dataset.value ?? target);
  element.dataset.value = target;
  if (from === target || calm) { element.textContent = number.format(target); return; }
  element.classList.remove("moved");
  void element.offsetWidth; // so that the animation begins anew
  element.classList.add("moved");
  const began = performance.now();
  const step = (now) => {
    if (Number(element.dataset.value) !== target) return;
    const part = Math.min(1, (now - began) / 700);
    element.textContent = number.format(Math.round(from + (target - from) * part));
    if (part < 1) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}

function added(parts) {
  const sum = {};
  for (const part of parts) for (const [kind, quantity] of Object.entries(part)) sum[kind] = (sum[kind] ?? 0) + quantity;
  return sum;
}

function quantities(totals) {
  const delivered = added(totals.map((each) => each.delivered)), pledged = added(totals.map((each) => each.pledged));
  return Object.keys(pledged).filter((kind) => pledged[kind]).sort().map((kind) => {
    const name = (words.kinds.get(kind) ?? kind).toLowerCase();
    const told = (quantity) => kind === "money" ? pounds.format(quantity / 100) : number.format(quantity);
    const item = make("li", `${name} `);
    item.append(make("b", told(delivered[kind] ?? 0)), ` of ${told(pledged[kind])}`);
    return item;
  });
}

function eventItem(event) {
  const item = make("li", undefined, "with-date"), box = make("div"), date = make("div", undefined, "date");
  const start = new Date(event.starts_at_utc), zone = { timeZone: event.timezone };
  const part = (options) => new Intl.DateTimeFormat("en-GB", { ...zone, ...options }).format(start);
  date.append(part({ weekday: "short" }), make("b", part({ day: "numeric" })), part({ month: "short" }));
  const place = [event.venue?.name, event.venue?.ward && ward(event.venue.ward), event.online_url && "online"];
  const where = place.filter(Boolean).join(", ") || "place to be told";
  const more = make("p", `${event.starts_at.slice(11)} · ${where}`, "more");
  if (event.left !== null) {
    more.append(" · ", event.left > 0 ? `${number.format(event.left)} places left` : make("span", "full", "full"));
  }
  box.append(make("p", event.title, "name"), more);
  item.append(date, box);
  return item;
}

function needItem(need) {
  const item = make("li"), bar = make("progress");
  bar.max = need.quantity;
  bar.value = need.quantity - need.uncommitted;
  bar.setAttribute("aria-label", `promised for ${need.title}`);
  const due = need.by ? `by ${day.format(new Date(need.by))}` : "";
  const more = [`${amount(need.uncommitted, need.unit)} still needed`, due, need.ward && ward(need.ward)];
  item.append(make("p", need.title, "name"), make("p", more.filter(Boolean).join(" · "), "more"), bar);
  return item;
}

function campaignItem({ campaign, totals }) {
  const item = make("li"), on = campaign.status === "live";
  const status = on ? "live" : campaign.status === "closed" && campaign.ends_on ? `until ${campaign.ends_on.slice(0, 4)}` : campaign.status;
  const given = Object.entries(totals.delivered).filter(([kind, quantity]) => quantity && kind !== "money");
  given.sort((one, other) => other[1] - one[1]);
  const figures = [[totals.partners, "partners"], [totals.volunteers, "volunteers"],
    ...given.slice(0, 2).map(([kind, quantity]) => [quantity, (words.kinds.get(kind) ?? kind).toLowerCase()])];
  const told = make("p", undefined, "figures");
  for (const [value, name] of figures.filter(([each]) => each)) {
    const figure = make("span", ` ${name}`);
    figure.prepend(make("b", number.format(value)));
    told.append(figure, " ");
  }
  item.append(make("p", status, on ? "status live-now" : "status"), make("p", campaign.name, "name"),
    make("p", campaign.summary, "more"), told);
  return item;
}

function show() {
  const on = live(), totals = on.map((each) => each.totals), now = new Date().toISOString();
  for (const figure of document.querySelectorAll("[data-total]")) {
    count(figure, totals.reduce((sum, each) => sum + each[figure.dataset.total], 0));
  }
  at("kinds").replaceChildren(...quantities(totals));
  const events = on.flatMap((each) => each.events).filter((each) => each.ends_at_utc > now);
  events.sort((one, other) => one.starts_at_utc.localeCompare(other.starts_at_utc));
  fill("events", events.slice(0, SHOWN).map(eventItem), "Nothing is planned yet.");
  const urgency = (need) => `${need.by ?? "9999"} ${(1 - need.uncommitted / need.quantity).toFixed(4)}`;
  const needs = on.flatMap((each) => each.needs).filter((each) => each.uncommitted > 0);
  needs.sort((one, other) => urgency(one).localeCompare(urgency(other)));
  fill("needs", needs.slice(0, SHOWN).map(needItem), "Everything that was asked for is promised.");
  const told = [...campaigns.values()].sort((one, other) =>
    (other.campaign.status === "live") - (one.campaign.status === "live") || one.campaign.name.localeCompare(other.campaign.name));
  fill("campaigns", told.slice(0, 12).map(campaignItem), "No campaign has begun yet.");
}

function trouble(text) {
  at("trouble").textContent = text;
  at("trouble").hidden = !text;
}

async function refresh() {
  if (reading || !moved.size) return;
  reading = true;
  const ids = [...moved];
  moved.clear();
  try {
    const wanted = ids.includes("") ? (await read("/v1/campaigns?limit=100")).items.slice(0, 24).map((each) => each.id) : ids;
    const found = await Promise.all(wanted.map((id) => read(`/v1/campaigns/${encodeURIComponent(id)}`)));
    for (const each of found) campaigns.set(each.campaign.id, each);
    trouble("");
    show();
  } catch {
    for (const id of ids) moved.add(id);
    trouble("The figures cannot be read just now. Trying again …");
  }
  reading = false;
  if (moved.size) setTimeout(refresh, 3 * AGAIN_MS);
}

function line(type, data) {
  const title = data.event?.title ?? data.need?.title, pledged = data.pledge && amount(data.pledge.quantity, data.pledge.unit);
  switch (type) {
    case "CampaignLaunched": return `${data.campaign.name} is live`;
    case "CampaignClosed": return `${data.campaign.name} has ended`;
    case "PartnerJoined": return `${data.partner.name} joins ${data.campaign.name}`;
    case "EventPublished": return `New: ${title}`;
    case "EventCancelled": return `Called off: ${title}`;
    case "RegistrationsChanged": return `${title}: ${number.format(data.event.registered)} are coming`;
    case "NeedOpened": return `Needed: ${amount(data.need.quantity, data.need.unit)}, ${title}`;
    case "PledgeMade": return `${pledged} ${data.change === "held" ? "set aside" : "pledged"}: ${title}`;
    case "PledgeDelivered": return `${pledged} delivered: ${title}`;
    default: return "";
  }
}

function happened(message) {
  const event = JSON.parse(message.data), data = event.data;
  const type = event.type.split(".")[2];
  const id = data.campaign?.id ?? data.need?.campaign_id ?? data.event?.campaign_id ?? "";
  if (!moved.size) setTimeout(refresh, AGAIN_MS);
  moved.add(id);
  const text = line(type, data);
  if (!text) return;
  const item = make("li", text, "new"), when = make("time", clock.format(new Date(event.time)));
  when.dateTime = event.time;
  item.append(when);
  at("now").querySelector(".empty")?.remove();
  at("now").prepend(item);
  while (at("now").children.length > LINES) at("now").lastElementChild.remove();
}

function follow(name) {
  const source = new EventSource(`/v1/streams/${name}`);
  for (const type of TYPES[name]) source.addEventListener(`brumtogether.${name}.${type}.v1`, happened);
  source.addEventListener("gap", () => { moved.add(""); refresh(); });
  source.onopen = () => { at("live").textContent = "Live"; at("live").classList.add("on"); };
  source.onerror = () => {
    at("live").textContent = "Connecting again …";
    at("live").classList.remove("on");
    if (source.readyState === EventSource.CLOSED) setTimeout(() => { follow(name); moved.add(""); refresh(); }, 5000);
  };
}

async function begin() {
  for (const name of Object.keys(TYPES)) follow(name);
  try {
    const found = await read("/v1/taxonomies");
    for (const each of found.wards) words.wards.set(each.slug, each.name);
    for (const each of found.need_kinds) words.kinds.set(each.slug, each.name);
  } catch { /* slugs read well enough */ }
  moved.add("");
  await refresh();
}

begin();
