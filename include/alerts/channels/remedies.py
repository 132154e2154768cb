"""What a person has to do about what a channel answered: one table for each kind of channel."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from include.alerts.messages import Receipt

if TYPE_CHECKING:
    from include.alerts.channels.settings import Channel


class Remedy(NamedTuple):
    """What to do about a code.

    Attributes:
        code: a regular expression for it.
        zh: the remedy in Chinese; `{connection}` stands for the connection's id.
        en: the same in English.
        word: a regular expression that the answer has, where the code alone is not enough.
        temporary: whether another try may well succeed with nothing changed; the watchdog makes it.
    """

    code: str
    zh: str
    en: str
    word: str = ""
    temporary: bool = False


SLOW_DOWN_ZH = "如果经常这样，别让其他程序共用这个机器人"
SLOW_DOWN = "if this is frequent, let no other program use the robot"
COPY_AGAIN_ZH = "重新复制机器人的 Webhook 地址，填进连接 {connection}"
COPY_AGAIN = "copy the robot's webhook address again, into connection {connection}"
KEYWORD_ZH = "把机器人安全设置里的关键词写成 config/alerts.yaml 中这个渠道的 keyword"
KEYWORD = (
    "write the keyword of the robot's security settings as the channel's keyword in "
    "config/alerts.yaml"
)
IP_ZH = "把本机的出口 IP 加进机器人安全设置里的 IP 白名单，或改用加签"
IP = "add this machine's public IP to the list in the robot's security settings, or use a signature"
CLOCK_ZH = "本机时间与平台相差超过一小时：校准本机的时间（timedatectl set-ntp true）"
CLOCK = "this machine's clock is more than an hour off: set it right (timedatectl set-ntp true)"
ADD_AGAIN_ZH = "机器人已被移出群或停用：在群里重新添加，把新的 Webhook 地址填进连接 {connection}"
ADD_AGAIN = (
    "the robot was removed or stopped: add one to the group again, and put its webhook address "
    "into connection {connection}"
)
BUSY_ZH = "平台繁忙，多半会自己恢复；一直这样，就看平台的公告，并检查本机到它的网络和代理"
BUSY = (
    "the platform is busy, which mostly passes; if it lasts, see what the platform announces, and "
    "check the network and proxies between"
)
TOO_LONG_ZH = "消息太长，这是本系统的错误：请反馈"
TOO_LONG = "the message is too long, which is an error of this system: report it"

DINGTALK = (
    Remedy("310000", KEYWORD_ZH, KEYWORD, word="keyword|关键词"),
    Remedy("310000", CLOCK_ZH, CLOCK, word="invalid timestamp|时间戳无效"),
    Remedy(
        "310000",
        "加签密钥不对：复制机器人安全设置里“加签”的密钥（SEC 开头），填进连接 {connection}；"
        "没有勾选加签，就去掉密钥；都对，就校准本机的时间",
        "the signature is not the robot's: copy the secret under its security settings (it begins "
        "with SEC) into connection {connection}, or remove it where the robot has none; if that is "
        "right, set this machine's clock right",
        word="sign|签名|timestamp|时间戳",
    ),
    Remedy("310000", IP_ZH, IP, word=r"whitelist|白名单|\bip\b"),
    Remedy(
        "310000",
        "机器人的安全设置不放行：核对关键词、加签密钥、IP 白名单和本机的时间",
        "the robot's security settings let it not pass: check keyword, secret, list of IPs and "
        "this machine's clock",
    ),
    Remedy("300001|300005|400101|40035", COPY_AGAIN_ZH, COPY_AGAIN),
    Remedy(
        "400013",
        "群已解散：在另一个群里添加机器人，把它的地址填进连接 {connection}",
        "the group was dissolved: add a robot to another one, and put its address into connection "
        "{connection}",
    ),
    Remedy("400102|400106", ADD_AGAIN_ZH, ADD_AGAIN),
    Remedy(
        "130101|410100",
        f"一分钟内超过了 20 条，钉钉会停收约 10 分钟；{SLOW_DOWN_ZH}",
        f"more than 20 messages in a minute, after which DingTalk takes none for about 10; "
        f"{SLOW_DOWN}",
        temporary=True,
    ),
    Remedy(
        "430101|430102|430103|430104",
        "钉钉不放行消息里的文字或链接：在钉钉管理后台放行网页的地址，或改用别的渠道",
        "DingTalk refuses a text or link in it: allow the web UI's address in DingTalk's "
        "administration, or use another channel",
    ),
    Remedy("460101", TOO_LONG_ZH, TOO_LONG),
    Remedy("unreadable", f"钉钉在限流；{SLOW_DOWN_ZH}", f"DingTalk limits the calls; {SLOW_DOWN}",
           word="punish", temporary=True),
    Remedy("-1", BUSY_ZH, BUSY, temporary=True),
)  # fmt: skip
FEISHU = (
    Remedy(
        "19021",
        "签名密钥不对，或本机时间相差超过一小时：复制机器人“签名校验”的密钥，填进连接 "
        "{connection}；没有启用签名校验，就去掉密钥；再校准本机的时间",
        "the signature is not the robot's, or this machine's clock is more than an hour off: copy "
        "the secret of its signature verification into connection {connection}, or remove it where "
        "the robot has none; then set the clock right",
    ),
    Remedy("19022", IP_ZH, IP),
    Remedy("19024", KEYWORD_ZH, KEYWORD),
    Remedy("19001|19002", ADD_AGAIN_ZH, ADD_AGAIN),
    Remedy(
        "11232|9499",
        f"超过了每分钟 100 条或每秒 5 条；{SLOW_DOWN_ZH}",
        f"more than 100 messages in a minute, or 5 in a second; {SLOW_DOWN}",
        word="frequency|limit|too (fast|many)|频率",
        temporary=True,
    ),
    Remedy(
        "11232", f"飞书在限流；{SLOW_DOWN_ZH}", f"Feishu limits the calls; {SLOW_DOWN}",
        temporary=True,
    ),
    Remedy("9499", TOO_LONG_ZH, TOO_LONG),
)  # fmt: skip
WECOM = (
    Remedy("93000|93004|93008", ADD_AGAIN_ZH, ADD_AGAIN),
    Remedy(
        "45009|45033",
        f"一分钟内超过了 20 条；{SLOW_DOWN_ZH}",
        f"more than 20 messages in a minute; {SLOW_DOWN}",
        temporary=True,
    ),
    Remedy("40058|45002", TOO_LONG_ZH, TOO_LONG),
    Remedy("-1", BUSY_ZH, BUSY, temporary=True),
)
EMAIL = (
    Remedy(
        "SMTP 4..",
        "邮件服务器让稍后再发（灰名单、限流或暂时的故障）",
        "the mail server asks to come back later (greylisting, a limit, a passing fault)",
        temporary=True,
    ),
    Remedy(
        "SMTP 530|SMTP 534|SMTP 535|SMTP 538",
        "登录被拒绝：核对连接 {connection} 的账号和密码；QQ、163 等邮箱要填网页里生成的"
        "授权码，而不是邮箱密码",
        "the login was refused: check Login and Password of connection {connection}; QQ, 163 and "
        "others want the authorisation code that their web page makes, not the mailbox's password",
    ),
    Remedy(
        "SMTP 550|SMTP 551|SMTP 553|SMTP 556",
        "收件人被拒绝：核对 config/alerts.yaml 中这个渠道的 to",
        'the recipient was refused: check "to" of the channel in config/alerts.yaml',
        word="recipient|user|mailbox|account|rcpt|收件",
    ),
    Remedy(
        "SMTP 5..",
        "邮件服务器拒收：发件人（连接 {connection} 的 from_email，没有则账号）要与登录的邮箱"
        "一致，并允许用客户端发信",
        "the mail server refused it: the sender (from_email of connection {connection}, else its "
        "Login) must be the mailbox that logs in, with sending by clients allowed",
    ),
    Remedy(
        "starttls",
        "邮件服务器在这个端口不这样加密：连接 {connection} 的端口改用 465，不行再用 587；只有内网"
        "里不加密的服务器，才勾选 Disable SSL 和 Disable TLS",
        "the mail server has no such encryption on this port: try 465 and then 587 as Port of "
        "connection {connection}; only for a server of your own network that has none tick "
        "Disable SSL and Disable TLS",
    ),
    Remedy(
        "certificate",
        "邮件服务器的证书不可信：连接 {connection} 的主机地址要写证书上的名字；自签的证书，把它的根"
        "证书文件写进环境变量 SSL_CERT_FILE",
        "the mail server's certificate is not one to trust: Host of connection {connection} must "
        "be the name in it; for one of your own, name the file of its root in SSL_CERT_FILE",
    ),
    Remedy(
        "configuration",
        "连接 {connection} 填写有误：主机地址填发信服务器（如 smtp.qq.com），端口填 465，账号填"
        "邮箱，密码填授权码；收件人写在 config/alerts.yaml 中这个渠道的 to",
        "connection {connection} is filled in wrong: Host is the mail server, Port 465, Login the "
        'mailbox, Password its authorisation code; the recipients stand in "to" of the channel',
    ),
    Remedy(
        "recipients",
        "其余收件人已收到：核对 config/alerts.yaml 中这个渠道的 to",
        'all others have it: check "to" of the channel in config/alerts.yaml',
    ),
)
ANY = (
    Remedy(
        "unreached|timeout|broken",
        "本机连不上对方：检查网络、代理和防火墙，以及连接 {connection} 里的地址",
        "this machine does not reach it: check network, proxy and firewall, and the address in "
        "connection {connection}",
        temporary=True,
    ),
    Remedy(
        "certificate",
        "对方的证书不可信：核对连接 {connection} 里的地址；公司网络会替换证书的，把它的根证书文件"
        "写进环境变量 SSL_CERT_FILE",
        "its certificate is not one to trust: check the address in connection {connection}; where "
        "the company's network replaces certificates, name the file of its root in SSL_CERT_FILE",
    ),
    Remedy(
        "configuration",
        "连接 {connection} 填写有误：要有完整的 Webhook 地址，以及签名密钥（没有就不填）",
        "connection {connection} is filled in wrong: it wants the whole webhook address, and the "
        "secret that signs, where there is one",
    ),
    Remedy(
        "unreadable",
        "答复的不是这个平台：核对连接 {connection} 里的地址，以及中间的代理",
        "that is not an answer of the platform's: check the address in connection {connection}, "
        "and what stands between",
        temporary=True,
    ),
    Remedy(
        "HTTP 401|HTTP 403|HTTP 407",
        "对方不接受：核对连接 {connection} 里的地址、账号和密码",
        "it does not let us in: check address, login and password in connection {connection}",
    ),
    Remedy("HTTP 3..|HTTP 404|HTTP 405|HTTP 410", COPY_AGAIN_ZH, COPY_AGAIN),
    Remedy("HTTP 413", TOO_LONG_ZH, TOO_LONG),
    Remedy("HTTP 408|HTTP 425|HTTP 429|HTTP 5..", BUSY_ZH, BUSY, temporary=True),
    Remedy(
        ".*",
        "在平台的文档里查这个代码；机器人还在群里吗？连接 {connection} 里是它的地址吗？",
        "look the code up in the platform's documentation; is the robot still in the group, and "
        "is it its address that connection {connection} holds?",
    ),
)
OF_KIND: dict[str, tuple[Remedy, ...]] = {
    "dingtalk": DINGTALK,
    "feishu": FEISHU,
    "lark": FEISHU,
    "wecom": WECOM,
    "email": EMAIL,
    "webhook": (),
}


def remedy_for(kind: str, code: str, answer: str) -> Remedy:
    """Return the first remedy of a kind, or of all kinds, that a code and an answer call for."""
    return next(
        one
        for one in (*OF_KIND[kind], *ANY)
        if re.fullmatch(one.code, code) and re.search(one.word, answer, re.IGNORECASE)
    )


def advice(channel: Channel, connection: str, code: str, answer: str) -> Receipt:
    """Return the receipt of a message that was not delivered.

    Args:
        channel: its settings.
        connection: its connection's id.
        code: the channel's, or what went wrong in a word.
        answer: what the channel said, without secrets, on one line.
    """
    answer = answer or code
    found = remedy_for(channel.kind, code, answer)
    text = found.zh if channel.language == "zh" else found.en
    remedy = text.format(connection=connection)
    return Receipt(False, code, answer, remedy, found.temporary)  # noqa: FBT003 - as it is named
