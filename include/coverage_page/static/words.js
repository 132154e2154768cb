/* What the page says, in English and Chinese. */

const ENGLISH = {
  title: "Coverage", job: "Job", jobs: "Jobs", shop: "Shop", gaps: "Gaps",
  "group.day": "Days", "group.week": "Weeks", "group.month": "Months",
  "state.ok": "landed", "state.empty": "landed, empty", "state.failed": "failed",
  "state.missed": "missed", "state.miscounted": "other rows than the source counts", "state.lost": "lost",
  "state.under_way": "run under way", "state.running": "running",
  "state.pending": "pending", "state.not_due": "not due", "state.disabled": "disabled",
  "state.provisional": "provisional", "state.unrepairable": "cannot be pulled again",
  "state.waived": "waived",
  "about.ok": "its data is in the warehouse",
  "about.empty": "it landed, there was nothing to load",
  "about.failed": "the last attempt failed",
  "about.miscounted": "what landed is not what the source itself counts; it is pulled again",
  "about.missed": "it was due and nobody began it",
  "about.lost": "it is running and gives no sign of life",
  "about.under_way": "it was missing, and a queued or running run covers it",
  "about.running": "it is being pulled now",
  "about.pending": "its turn has not come",
  "about.not_due": "its run starts later",
  "about.disabled": "job or shop is switched off",
  "about.provisional": "it was pulled before it was due, and is pulled again when it is",
  "about.unrepairable": "it was due, and its script can only bring the period that ended last",
  "about.waived": "somebody has accepted that it is missing; it counts nowhere",
  noData: "It lands no data of its own, and is not counted.",
  legend: "Legend", until: "complete up to {at}",
  "totals.none": "Nothing was due today",
  "totals.today": "Today: {landed} of {all} landed", "totals.missing": "{n} missing",
  "totals.running": "{n} on the way", "totals.toCome": "{n} due by {at}", separator: ", ",
  "totals.unknown": "the rest is not known",
  "totals.noShops": "{platform}: shops not known",
  "totals.platform": "{platform}: {landed} of {all} landed",
  "filter.platform": "Platform", "filter.job": "Job", "filter.state": "State", "filter.span": "Reach",
  "filter.all": "all", "filter.gaps": "gaps", "filter.jobHint": "name or id",
  "span.1": "30 days, 12 weeks, 12 months", "span.3": "90 days, 36 weeks, 36 months",
  none: "No job matches the filters.",
  open: "Show the shops of {name}", close: "Hide the shops of {name}",
  "units.landed": "{n} of {all} landed", rows: "Rows", attempts: "Attempts", due: "Due",
  started: "Began", finished: "Ended", heartbeat: "Last sign of life", stuck: "Stuck run", error: "Error",
  exit: "Exit code", notice: "Worth knowing", restated: "Changed since", state: "State", period: "Period",
  run: "Run in Airflow", log: "Log", byHand: "run by hand, without Airflow: {run}",
  loading: "loading …", more: "and {n} more",
  again: "Run again", runOnce: "Run", repairCell: "Repair this", yes: "Yes, run it", no: "No",
  waive: "Waive", "waive.reason": "Why it can never be pulled", "waive.yes": "Waive it",
  unwaive: "Count it as a gap again", waived: "Waived",
  "again.sure": "Pull {what} once more? What has landed is brought up to date.",
  "repair.sure": "Run {what} now?",
  repair: "Repair {n}", repairRow: "Repair {n} gaps of {name}", repairAll: "Repair {n} gaps",
  "plan.title": "Repair gaps", "plan.sum": "{units} units in {runs} runs, the oldest first.",
  "plan.calls": "About {calls} calls, {time}, judged by what they took before.",
  "plan.time": "About {time}, judged by what they took before.",
  "plan.minutes": "{n} minutes", "plan.soon": "less than a minute",
  "plan.unknown": "How long it takes is not known yet.",
  "plan.job": "{units} units, {periods}", "plan.held": "{units} left out: {why}",
  "held.paused": "the job is paused, resume it first", "held.no DAG": "it is not a DAG yet",
  "held.under way": "a queued or running run covers them",
  "held.disabled": "the job is disabled",
  "held.unrepairable": "cannot be pulled again: the script takes no period",
  "held.blocked": "its runs wait and cannot go on, and so would new ones: the command doctor says why",
  "held.awaiting": "runs after a contract that is not complete, and by itself as soon as it is",
  "held.later": "as many of its runs wait as may: repair again when they are done",
  "plan.nothing": "There is no gap.",
  "plan.most": "At most {n} runs are made at once; repair again for the rest.",
  "plan.start": "Start", cancel: "Cancel", closeDialog: "Close",
  "done.started": "{n} runs started", "done.found": "{n} were on their way already",
  "done.refused": "{job}: {why}", "done.left": "{n} runs are left: repair again",
  "wrong.session": "Your session has ended: log in to Airflow again.",
  "wrong.rights": "You may not do this: {detail}",
  "wrong.server": "The server does not answer; trying again. {detail}",
  problem: "1 problem in the registry; what is broken is not shown, and what it should land is not known:",
  problems: "{n} problems in the registry; what is broken is not shown, and what it should land is not known:",
  alerts: "Alerts", "bell.open": "Alerts open: {n}", "bell.unknown": "not known now",
  "bell.unwatched": "the watchdog does not look", "bell.failing": "a channel takes no messages",
  "alerts.none": "No alert is open.",
  "alerts.noneThen": "No alert was open when the watchdog looked last.",
  "alerts.never": "The watchdog has never looked here: what is wrong is not known, and nobody is told. The command status says whether it runs.",
  "alerts.unwatched": "The watchdog has not looked for {span}: what has become wrong since is not known. The command status says why.",
  "alerts.minutes": "{n} minutes", "alerts.hours": "{n} hours", "alerts.days": "{n} days",
  "alerts.page": "docs/alerts.md",
  "alerts.noChannel": "No channel is set up in config/alerts.yaml, so nobody is told. How to set one up: {page}",
  "alerts.failing": "Channel {channel} has taken no message since {since}: {answer}",
  "kind.late": "late", "kind.credentials": "credentials", "kind.configuration": "configuration",
  "kind.quality": "rejected", "kind.service": "service", "kind.paused": "paused",
  "kind.aging": "not repaired by itself", "kind.token": "token ends",
  "alert.since": "Since", "alert.told": "Told", "alert.acked": "Taken on by",
  "alert.gone": "Gone, and soon over, since",
  "alert.due": "Due {due}, missing: {n} of {all}", "alert.notRun": "It was to start {fire}, and there was no run at all.",
  "alert.spread": "Jobs that wait for it: {jobs}, with the data from {first} on.", "alert.ends": "The token ends {at}.",
  "alert.remedy": "To do: {remedy}",
  "told.nobody": "nobody yet", "told.waiting": "on its way", "told.repeat": "again {at}",
  "told.recovery": "recovery {at}",
  ack: "Take it on", "ack.about": "Say that you handle it: it is neither repeated nor escalated any more",
  mute: "Mute alerts …", "mute.what": "Of", "mute.job": "all of {name}", "mute.reason": "Why",
  "mute.until": "Last day", "mute.yes": "Mute them", unmute: "End it", muted: "Muted",
  "muted.until": "until {day} ({left})", "muted.left": "{n} more days", "muted.last": "the last day",
  "muted.file": "config/alerts.yaml: take it out there", "muted.wrong": "Wrong meanwhile: {labels}",
  contracts: "Complete", contract: "Contract",
  "contract.complete": "complete at {at}", "contract.after": "complete at {at}, was due by {due}",
  "contract.unchecked": "all has landed, not confirmed",
  "contract.waiting": "{n} still to come, due by {due}", "contract.late": "missing: {jobs}; was due by {due}",
  "contract.unknown": "not known: its entries have problems",
  "contract.open": "missing: {n} of {all}", "contract.due": "Due by", "contract.since": "Complete since",
  "contract.revision": "Revision", "contract.revised": "Changed last", "contract.waived": "Waived",
  "contract.gone": "It was complete, and is not any more.",
  "contract.doubt": "landed, not counted", "contract.first.77": "First renew the credentials that the message names, in their connection.",
  "contract.first.78": "First correct what the message names.",
  "contract.cell": "To its cell", "contract.nothing": "Nothing is expected of it.",
  "contract.kept": "So long ago that nothing of it is kept.",
  "contract.problems": "config/contracts.yaml has problems:",
  updated: "as of {time}",
};

const CHINESE = {
  title: "数据覆盖", job: "任务", jobs: "任务", shop: "店铺", gaps: "缺口",
  "group.day": "按天", "group.week": "按周", "group.month": "按月",
  "state.ok": "已入库", "state.empty": "已入库，无数据", "state.failed": "失败",
  "state.missed": "漏跑", "state.miscounted": "与来源行数不符", "state.lost": "失联",
  "state.under_way": "补拉中", "state.running": "运行中",
  "state.pending": "待拉取", "state.not_due": "未到时间", "state.disabled": "已停用",
  "state.provisional": "暂定数据", "state.unrepairable": "无法补拉", "state.waived": "已豁免",
  "about.ok": "数据已在数仓中", "about.empty": "已完成，当期没有数据",
  "about.miscounted": "入库的行数与来源自己统计的不一致，会重新拉取",
  "about.failed": "最近一次运行失败", "about.missed": "到了时间，但没有运行",
  "about.lost": "显示运行中，但已没有心跳", "about.running": "正在拉取",
  "about.under_way": "缺数据，已有运行在等待或处理",
  "about.pending": "还没有轮到", "about.not_due": "运行时间还没有到",
  "about.disabled": "任务或店铺已停用",
  "about.provisional": "在到期之前拉取的数据，到期后会重新拉取",
  "about.unrepairable": "已到期，但脚本只能拉取最近结束的一期",
  "about.waived": "已有人确认接受此缺口，不计入任何统计",
  noData: "不产生数据，不计入统计。",
  legend: "图例", until: "数据完整至 {at}",
  "totals.none": "今天没有到期的数据",
  "totals.today": "今天：{landed}/{all} 已入库", "totals.missing": "缺 {n} 项",
  "totals.running": "{n} 项进行中", "totals.toCome": "{n} 项最晚 {at} 到期", separator: "，",
  "totals.unknown": "其余未知",
  "totals.noShops": "{platform}：店铺未知",
  "totals.platform": "{platform}：{landed}/{all} 已入库",
  "filter.platform": "平台", "filter.job": "任务", "filter.state": "状态", "filter.span": "范围",
  "filter.all": "全部", "filter.gaps": "缺口", "filter.jobHint": "名称或编号",
  "span.1": "30 天、12 周、12 个月", "span.3": "90 天、36 周、36 个月",
  none: "没有符合筛选条件的任务。",
  open: "展开 {name} 的店铺", close: "收起 {name} 的店铺",
  "units.landed": "{all} 项中 {n} 项已入库", rows: "行数", attempts: "次数", due: "应开始",
  started: "开始", finished: "结束", heartbeat: "最后心跳", stuck: "卡住的运行", error: "错误",
  exit: "退出码", notice: "提示", restated: "后来有变化", state: "状态", period: "周期",
  run: "在 Airflow 中查看运行", log: "日志", byHand: "手动运行，不经 Airflow：{run}",
  loading: "加载中 …", more: "还有 {n} 项",
  again: "重新运行", runOnce: "运行", repairCell: "补拉", yes: "确定运行", no: "取消",
  waive: "豁免", "waive.reason": "为什么永远补不上", "waive.yes": "确定豁免",
  unwaive: "重新算作缺口", waived: "豁免",
  "again.sure": "重新拉取 {what}？已入库的数据会更新到最新。",
  "repair.sure": "现在运行 {what}？",
  repair: "补拉 {n}", repairRow: "补拉 {name} 的 {n} 个缺口", repairAll: "补拉 {n} 个缺口",
  "plan.title": "补拉缺口", "plan.sum": "{units} 项，分 {runs} 次运行，从最早的开始。",
  "plan.calls": "按以往的情况估计，约 {calls} 次调用，{time}。",
  "plan.time": "按以往的情况估计，约{time}。",
  "plan.minutes": "{n} 分钟", "plan.soon": "不到一分钟",
  "plan.unknown": "需要多久还不知道。",
  "plan.job": "{units} 项，{periods}", "plan.held": "{units} 项不在内：{why}",
  "held.paused": "任务已暂停，请先恢复", "held.no DAG": "还不是 DAG",
  "held.under way": "已有运行在等待或进行",
  "held.disabled": "任务已停用",
  "held.unrepairable": "无法补拉：脚本不接受日期",
  "held.blocked": "它的运行在等待而无法继续，新的运行也会一样：命令 doctor 会说明原因",
  "held.awaiting": "它等的契约还没有齐备；一齐备就会自动运行",
  "held.later": "它等待中的运行已经到了上限：等它们结束后再补拉一次",
  "plan.nothing": "没有缺口。",
  "plan.most": "一次最多创建 {n} 次运行；其余的请再补拉一次。",
  "plan.start": "开始", cancel: "取消", closeDialog: "关闭",
  "done.started": "已创建 {n} 次运行", "done.found": "{n} 次已在进行",
  "done.refused": "{job}：{why}", "done.left": "还剩 {n} 次运行：请再补拉一次",
  "wrong.session": "登录已失效：请重新登录 Airflow。",
  "wrong.rights": "没有权限：{detail}",
  "wrong.server": "服务器没有响应，正在重试。{detail}",
  problem: "配置有 1 个问题；写错的部分没有显示，应有哪些数据也不知道：",
  problems: "配置有 {n} 个问题；写错的部分没有显示，应有哪些数据也不知道：",
  alerts: "告警", "bell.open": "未恢复的告警：{n}", "bell.unknown": "现在情况未知",
  "bell.unwatched": "看门狗没有在查看", "bell.failing": "有渠道发不出消息",
  "alerts.none": "没有未恢复的告警。",
  "alerts.noneThen": "看门狗最后一次查看时，没有未恢复的告警。",
  "alerts.never": "看门狗从来没有查看过：有没有问题不知道，也不会通知任何人。命令 status 会说明它是否在运行。",
  "alerts.unwatched": "看门狗已 {span}没有查看：之后出的问题还不知道。命令 status 会说明原因。",
  "alerts.minutes": "{n} 分钟", "alerts.hours": "{n} 小时", "alerts.days": "{n} 天",
  "alerts.page": "docs/alerts.zh-CN.md",
  "alerts.noChannel": "config/alerts.yaml 里还没有配置渠道，所以不会通知任何人。配置方法：{page}",
  "alerts.failing": "渠道 {channel} 从 {since} 起发不出消息：{answer}",
  "kind.late": "数据迟到", "kind.credentials": "授权失效", "kind.configuration": "配置有误",
  "kind.quality": "数据不合格", "kind.service": "服务异常", "kind.paused": "任务已暂停",
  "kind.aging": "不会自动补上", "kind.token": "令牌将到期",
  "alert.since": "开始", "alert.told": "已通知", "alert.acked": "认领",
  "alert.gone": "已不存在，即将恢复，从",
  "alert.due": "{due} 截止，{all} 项缺 {n} 项", "alert.notRun": "{fire} 应当开始，没有任何运行记录。",
  "alert.spread": "影响 {jobs} 个任务、从 {first} 起的数据。", "alert.ends": "令牌 {at} 到期。",
  "alert.remedy": "处理：{remedy}",
  "told.nobody": "还没有通知任何人", "told.waiting": "发送中", "told.repeat": "再次 {at}",
  "told.recovery": "恢复 {at}",
  ack: "认领", "ack.about": "表示由你处理：不再重复提醒，也不再升级",
  mute: "静默告警…", "mute.what": "范围", "mute.job": "整个任务 {name}", "mute.reason": "原因",
  "mute.until": "最后一天", "mute.yes": "确定静默", unmute: "取消静默", muted: "静默中",
  "muted.until": "到 {day}（{left}）", "muted.left": "还有 {n} 天", "muted.last": "最后一天",
  "muted.file": "config/alerts.yaml，在那里删除", "muted.wrong": "期间有问题：{labels}",
  contracts: "数据齐备", contract: "契约",
  "contract.complete": "{at} 齐备", "contract.after": "{at} 齐备，截止 {due}",
  "contract.unchecked": "已全部入库，尚未确认",
  "contract.waiting": "还差 {n} 项，{due} 前应齐备", "contract.late": "缺 {jobs}，应在 {due} 前齐备",
  "contract.unknown": "未知：相关配置有问题",
  "contract.open": "{all} 项缺 {n} 项", "contract.due": "截止", "contract.since": "齐备于",
  "contract.revision": "修订号", "contract.revised": "最近一次变化", "contract.waived": "豁免",
  "contract.gone": "曾经齐备，现在不再齐备。",
  "contract.doubt": "已入库，但不算数", "contract.first.77": "先更新错误信息中的连接的授权。",
  "contract.first.78": "先改正错误信息指出的配置。",
  "contract.cell": "到这一格", "contract.nothing": "这一期没有应到的数据。",
  "contract.kept": "时间太久，已没有记录。",
  "contract.problems": "config/contracts.yaml 有问题：",
  updated: "截至 {time}",
};

const PLATFORMS = { erp: "ERP 聚水潭", jd: "京东", pdd: "拼多多" };
const ENGLISH_PLATFORMS = { erp: "ERP", jd: "JD", pdd: "PDD" };

/** Airflow's own language when its user has chosen one, else the browser's. */
function chosen() {
  try {
    return localStorage.getItem("i18nextLng") || navigator.language;
  } catch {
    return navigator.language;
  }
}

export const isChinese = chosen().toLowerCase().startsWith("zh");
export const language = isChinese ? "zh-CN" : "en";
const words = isChinese ? CHINESE : ENGLISH;

/**
 * Say something.
 * @param {string} key
 * @param {Object<string, unknown>} [values] what stands for {name}
 */
export function say(key, values = {}) {
  const text = words[key] ?? ENGLISH[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** Name a platform as people do. */
export function platformName(id) {
  return (isChinese ? PLATFORMS : ENGLISH_PLATFORMS)[id] ?? id;
}

const NUMBERS = new Intl.NumberFormat(language); // making one takes longer than all else of a cell

/** Write a number with separators. */
export function number(value) {
  return NUMBERS.format(value);
}

/** Write a moment briefly: its hour where it is on a day as another moment is, else its day, too. */
export function hour(text, zone, day) {
  const part = (options) => new Intl.DateTimeFormat(isChinese ? "zh-CN" : "en-CA", { ...options, timeZone: zone });
  const date = part({ month: "2-digit", day: "2-digit" });
  const [moment, other] = [new Date(text), new Date(day ?? text)];
  const clock = part({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(moment);
  return date.format(moment) === date.format(other) ? clock : `${date.format(moment).replace("/", "-")} ${clock}`;
}

/** Write a moment on a time zone's clock. */
export function moment(text, zone) {
  if (!text) return "";
  const form = { dateStyle: "short", timeStyle: "medium", timeZone: zone, hourCycle: "h23" };
  return new Intl.DateTimeFormat(isChinese ? "zh-CN" : "en-CA", form).format(new Date(text));
}
