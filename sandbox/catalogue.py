"""The shops of the sandbox and what they sell."""

from __future__ import annotations

from typing import NamedTuple


class SandboxShop(NamedTuple):
    """A shop as `/open/shops/query` lists it."""

    shop_id: int
    shop_name: str
    shop_site: str
    short_name: str
    created: str


class Product(NamedTuple):
    """What is sold; the price in 分 (cents)."""

    sku_id: str
    name: str
    price: int


SHOPS = (
    SandboxShop(10001, "云朵家居旗舰店", "拼多多", "云朵家居", "2021-03-08 10:00:00"),
    SandboxShop(10002, "山野户外专营店", "京东", "山野户外", "2022-06-18 09:30:00"),
    SandboxShop(10003, "小满食品官方店", "抖音", "小满食品", "2023-11-11 00:00:00"),
)
PRODUCTS = (
    Product("YD-1001", "加厚珊瑚绒毛毯 灰色 150×200", 5990),
    Product("YD-1002", "北欧陶瓷马克杯 350ml", 1990),
    Product("YD-1003", "记忆棉护颈枕 一对装", 12850),
    Product("YD-1004", "免打孔浴室置物架 双层", 3599),
    Product("YD-1005", "全棉四件套 1.8米床 雾蓝", 26900),
    Product("SY-2001", "轻量折叠登山杖 铝合金", 8808),
    Product("SY-2002", "户外速干T恤 男款 XL", 6999),
    Product("SY-2003", "防水冲锋衣 女款 M", 39901),
    Product("SY-2004", "便携卡式炉 套装", 11777),
    Product("SY-2005", "露营灯 可充电 三档调光", 4533),
    Product("XM-3001", "手工红糖姜茶 12包", 2907),
    Product("XM-3002", "五常大米 5kg 真空装", 7430),
    Product("XM-3003", "每日坚果 30袋礼盒", 9999),
    Product("XM-3004", "低糖绿豆糕 8枚", 1605),
)
