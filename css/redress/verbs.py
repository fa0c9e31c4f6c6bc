"""The verbs that may leave a broken promise, as every door uses them: what they leave is credited at once."""

from __future__ import annotations

from css.redress.credited import credited
from orders import actions as orders
from repairs import actions as repairs

complete_order = credited(orders.complete_order)
complete_task = credited(orders.complete_task)
miss_appointment = credited(orders.miss_appointment)
clear_fault = credited(repairs.clear_fault)
clear_outage = credited(repairs.clear_outage)
miss_visit = credited(repairs.miss_visit)
return_fault = credited(repairs.return_fault)
